import pytest
from numba.core import caching

from ketacortex.compiled import compiled


def test_without_any_place_for_a_cache_functions_compile_all_the_same(monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])

    @compiled(error_model="numpy")
    def third(x):
        return x / 3

    assert third(6.0) == pytest.approx(2.0)
    assert type(third._cache).__name__ == "NullCache"
