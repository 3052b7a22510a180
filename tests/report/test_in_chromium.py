"""The page as a browser sees it; skipped where there is no Chromium."""

import shutil
import subprocess

import pytest

from ketacortex.analyse.population import compare_animals
from ketacortex.analyse.session import measure_session
from ketacortex.report.page import report_recordings

from .synthetic_recordings import recording_of

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome")
                 if (found := shutil.which(name))), None)  # fmt: skip
MEASURE = """<script>
const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
const blank = [...document.querySelectorAll("svg[role=img]")].filter(
  (svg) => svg.getBoundingClientRect().height < 60);
document.title = `beyond ${wide} blank ${blank.length} loaded ${performance
  .getEntriesByType("resource").filter((r) => !r.name.startsWith("data:")).length}`;
</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width_px", [1100, 500])
def test_a_browser_shows_every_figure_within_the_page_and_loads_nothing(tmp_path, width_px):
    recordings = [recording_of(f"animal-{i}", seed=i) for i in range(2)]
    sessions = [("recording", measure_session(recording)) for recording in recordings]
    page = report_recordings(["a.nwb", "b.nwb"], recordings, sessions, compare_animals(sessions))
    path = tmp_path / "report.html"
    path.write_text(page.replace("</body>", MEASURE), encoding="utf-8")
    seen = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
         f"--user-data-dir={tmp_path}/user", f"--window-size={width_px},900",
         "--enable-logging=stderr", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "<title>beyond 0 blank 0 loaded 0</title>" in seen.stdout
    assert "CONSOLE" not in seen.stderr
