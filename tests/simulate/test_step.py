"""What the 0.1 ms step costs: the error is of first order, and what is measured does not notice."""

import numpy as np
import pytest
from small import small_circuit

from ketacortex.model.v1_network import network_of
from ketacortex.seeds import generator
from ketacortex.simulate.engine import STEPS_PER_S, Cortex
from ketacortex.simulate.show import afferent_tuning
from ketacortex.stimulus.afferent_spikes import AfferentSpikes

N_TRIALS, TRIAL_S, ORIENTATIONS = 12, 0.5, np.arange(0.0, 180.0, 45.0)


def measured(animal: int, finer: int) -> tuple[float, float, float]:
    """Log rate, population OSI and mean Fano factor of pyramids, the step `finer` times smaller.

    Afferent spikes are those of the 0.1 ms grid in every case.
    """
    circuit = small_circuit(animal=animal)
    cortex = Cortex(network_of(circuit), animal, dt_ms=0.1 / finer)
    afferents = AfferentSpikes(afferent_tuning(circuit), generator("step", animal))
    counts = np.zeros((len(ORIENTATIONS), N_TRIALS, circuit.settings.pyr.n))
    n_steps = round(TRIAL_S * STEPS_PER_S)
    for trial in range(N_TRIALS):
        for k, orientation in enumerate(ORIENTATIONS):
            step, fibre = afferents.stretch(orientation, TRIAL_S, STEPS_PER_S)
            spikes = cortex.run(n_steps * finer, step * finer, fibre)
            pyr = spikes.cell[spikes.cell < circuit.settings.pyr.n]
            counts[k, trial] = np.bincount(pyr, minlength=circuit.settings.pyr.n)
    mean = counts.mean(axis=1)
    doubled = np.exp(2j * np.deg2rad(ORIENTATIONS))
    osi = np.abs(doubled @ mean) / mean.sum(axis=0).clip(1e-9)
    fano = counts.var(axis=1, ddof=1)[mean > 0.5] / mean[mean > 0.5]
    return np.log(mean.sum()), osi[mean.sum(axis=0) > 1].mean(), fano.mean()


@pytest.mark.slow
def test_halving_the_step_twice_leaves_rate_selectivity_and_variability():
    """Of ten animals, the mean at each finer step lies in the 95 % interval at 0.1 ms."""
    coarse, half, quarter = (
        np.array([measured(animal, finer) for animal in range(10)]) for finer in (1, 2, 4)
    )
    half_width = 2.26 * coarse.std(axis=0, ddof=1) / np.sqrt(len(coarse))
    for fine in (half, quarter):
        away = np.abs(fine.mean(axis=0) - coarse.mean(axis=0))
        assert np.all(away < half_width), (away, half_width)


def test_the_voltage_error_is_of_first_order():
    """Against the finest step, under the same afferents and no noise, below threshold."""
    quiet = {"background": {"branch_hz": 0.0, "pv_hz": 0.0, "sst_hz": 0.0},
             "pyr": {"threshold_mv": 1e3}, "pv": {"threshold_mv": 1e3},
             "sst": {"threshold_mv": 1e3}}  # fmt: skip
    circuit = small_circuit(quiet)
    step, fibre = AfferentSpikes(afferent_tuning(circuit), generator("order")).stretch(
        0.0, 0.1, STEPS_PER_S
    )
    found = {}
    for finer in (1, 2, 4, 16):
        cortex = Cortex(network_of(circuit), 1, dt_ms=0.1 / finer, exact=True)
        cortex.run(1000 * finer, step * finer, fibre)
        found[finer] = cortex.voltage_mv
    errors = [np.abs(found[finer] - found[16]).mean() for finer in (1, 2, 4)]
    # Against a step of a sixteenth, first order gives ratios of 15/7 and 7/3.
    assert errors[0] / errors[1] == pytest.approx(15 / 7, rel=0.15)
    assert errors[1] / errors[2] == pytest.approx(7 / 3, rel=0.15)
    assert errors[0] < 0.5
