"""The benchmarks run and say what they promise; how fast anything was is not a test's business."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
D1_KEYS = {
    "rates_hz", "yardstick_rates_hz", "kernel_cpu_s_per_bio_s", "cpp_limit_cpu_s_per_bio_s",
    "brian2_cpu_s_per_bio_s", "ratio_to_cpp_limit", "speedup_over_brian2", "speedup_over_neuron",
    "drug_state_overhead", "silent_over_active", "cost_per_cell_16x_over_1x",
}  # fmt: skip


def benchmark(name: str, *arguments: str, cwd) -> tuple[dict, str]:
    answer = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / name, "--json", "--rounds", "1", *arguments],
        capture_output=True, text=True, check=True, cwd=cwd,
    )  # fmt: skip
    (line,) = answer.stdout.splitlines()
    return json.loads(line), answer.stderr


@pytest.mark.slow
def test_d1_prints_its_keys_and_every_engine_is_in_the_same_regime(tmp_path):
    found, said = benchmark("d1.py", cwd=tmp_path)
    assert set(found) >= D1_KEYS
    never_null = ("rates_hz", "drug_state_overhead", "silent_over_active",
                  "cost_per_cell_16x_over_1x", "kernel_cpu_s_per_bio_s")  # fmt: skip
    assert all(found[key] is not None for key in never_null)
    for engine, key in (("brian2", "speedup_over_brian2"), ("neuron", "speedup_over_neuron")):
        assert found[key] is not None or f"no {engine}: " in said
    for rates in (found["rates_hz"], *found["yardstick_rates_hz"].values()):
        assert rates["pyr"] == pytest.approx(5.2, abs=0.6)
        assert rates["interneuron"] == pytest.approx(22.8, abs=1.5)


@pytest.mark.slow
def test_cold_start_prints_its_keys(tmp_path):
    found, _ = benchmark("cold_start.py", cwd=tmp_path)
    assert set(found) >= {"import_s", "help_s", "first_run_s", "second_run_s", "no_cache_folder_s"}


def test_pharmacology_prints_its_keys(tmp_path):
    found, _ = benchmark("pharmacology.py", cwd=tmp_path)
    keys = ("pk_day_ms", "topical_session_s", "block_update_ns_per_compartment")
    assert all(found[key] > 0 for key in keys)


def test_calibration_prints_coverage_and_size_with_their_domain(tmp_path):
    found, _ = calibration("--only", "fano_factor", "--quick", cwd=tmp_path)
    assert set(found["estimators"]) == {
        "fano_factor", "fano_factor_of_poisson", "fano_factor_overdispersed",
    }  # fmt: skip
    for row in found["estimators"].values():
        assert row["n_datasets"] == 200
        assert row["domain"]
        assert 0.92 <= row["coverage"] <= 0.98
    (test,) = found["tests"].values()
    assert 0.03 <= test["false_positive_rate"] <= 0.07


def test_calibration_is_the_same_on_any_number_of_workers(tmp_path):
    one, two = (
        calibration("--only", "fano_factor_ch", "--quick", "--workers", n, cwd=tmp_path)[0]
        for n in "12"
    )
    assert one == two


def calibration(*arguments: str, cwd) -> tuple[dict, str]:
    answer = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "calibration.py", "--json", *arguments],
        capture_output=True, text=True, check=True, cwd=cwd,
    )  # fmt: skip
    (line,) = answer.stdout.splitlines()
    return json.loads(line), answer.stderr


def test_the_kept_calibration_holds_what_is_promised():
    kept = json.loads((ROOT / "benchmarks" / "calibration.json").read_text())
    assert len(kept["estimators"]) >= 10
    assert len(kept["tests"]) >= 8
    for name, row in kept["estimators"].items():
        assert row["n_datasets"] >= 1000, name
        assert 0.92 <= row["coverage"] <= 0.98, name
    for name, row in kept["tests"].items():
        assert row["n_datasets"] >= 1000, name
        assert 0.03 <= row["false_positive_rate"] <= 0.07, name


@pytest.mark.slow
def test_links_prints_false_and_planted_links_the_same_on_any_number_of_workers(tmp_path):
    one, two = (links("--networks", "4", "--workers", n, cwd=tmp_path) for n in "12")
    assert one == two
    assert set(one["nulls"]) == {"independent", "co_modulated", "stimulus_locked", "slow_drift"}
    for row in one["nulls"].values():
        assert row["n_networks"] == 4
        assert 0.0 <= row["networks_with_false_links"] <= 1.0
        assert 0.0 <= row["pair_false_positive_rate"] <= 0.05
    keys = {"roc_area", "rate_hz", "duration_s", "transmission_probability", "n_pairs",
            "power_at_q"}  # fmt: skip
    assert all(set(row) >= keys for row in one["planted"].values())
    reference = one["planted"]["reference"]
    assert (reference["rate_hz"], reference["duration_s"]) == (8.0, 600.0)
    assert reference["roc_area"] > 0.8


def links(*arguments: str, cwd) -> dict:
    answer = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "links.py", "--json", *arguments],
        capture_output=True, text=True, check=True, cwd=cwd,
    )  # fmt: skip
    (line,) = answer.stdout.splitlines()
    return json.loads(line)


def test_the_kept_links_hold_what_is_promised():
    kept = json.loads((ROOT / "benchmarks" / "links.json").read_text())
    for kind, row in kept["nulls"].items():
        assert row["n_networks"] >= 1000, kind
        assert row["networks_with_false_links"] <= 0.07, kind
        assert 0.007 <= row["pair_false_positive_rate"] <= 0.013, kind
    assert kept["planted"]["reference"]["roc_area"] > 0.8


@pytest.mark.slow
def test_statistics_prints_its_ratios(tmp_path):
    found, _ = benchmark("statistics.py", cwd=tmp_path)
    keys = ("fit_ratio", "direction_fit_ratio", "fano_ratio", "bootstrap_shared_trials_s")
    assert all(found[key] > 0 for key in keys)


@pytest.mark.slow
def test_correlograms_prints_its_keys_and_every_other_library_or_that_it_is_missing(tmp_path):
    found, said = benchmark("correlograms.py", "--units", "30", cwd=tmp_path)
    (of_30,) = found.values()
    keys = ("n_spikes", "correlograms_cpu_s", "corrected_cpu_s", "peak_rss_mb")
    assert all(of_30[key] > 0 for key in keys)
    for name in ("spikeinterface", "pynapple", "phylib", "elephant"):
        assert of_30["speedup"].get(name, 0) > 0 or f"no {name}: " in said
