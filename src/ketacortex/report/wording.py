"""Measures in words, and numbers with the digits that a reader needs."""

from __future__ import annotations

from math import floor, isfinite, log10

MEASURES = {
    "preferred_orientation_shift_abs_deg": "|shift| of preferred orientation [deg]",
    "preferred_orientation_shift_excess_deg": "excess shift over error [deg]",
    "osi": "OSI",
    "osi_rate_matched": "OSI, rate-matched",
    "gosi": "gOSI",
    "gosi_rate_matched": "gOSI, rate-matched",
    "gosi_median": "median gOSI",
    "half_width_deg": "median half-width [deg]",
    "tuned_share": "share of units tuned",
    "fano_factor": "Fano factor",
    "fano_factor_rate_matched": "Fano factor, rate-matched",
    "evoked_rate_hz": "evoked rate [Hz]",
    "peak_rate_hz": "peak rate [Hz]",
    "spontaneous_rate_hz": "spontaneous rate [Hz]",
    "noise_correlation": "noise correlation",
    "gain_variance": "variance of the gain from trial to trial",
    "response_reliability": "reliability of the responses",
    "isi_cv": "CV of interspike intervals",
    "blank_unimodality_p": "unimodality of blank-trial rates, p",
    "up_state_share": "share of blanks in an up state",
    "dendritic_inhibition_nanosiemens": "dendritic inhibition [nS]",
    "plateau_rate_per_min": "plateaus of a branch [1/min]",
    "plateau_time_share": "share of time a branch is in a plateau",
    "subthreshold_modulation_mv": "subthreshold modulation by orientation [mV]",
    "subthreshold_osi": "subthreshold OSI",
    "subthreshold_gosi": "subthreshold gOSI",
    "depolarisation_mv": "largest depolarisation [mV]",
    "link_share": "share of pairs linked",
    "link_strength": "mean strength of links",
    "summed_strength": "summed strength of links",
    "zero_lag_synchrony": "synchrony within 2.5 ms",
    "linked_tuning_similarity": "tuning similarity of linked pairs, above all pairs",
    "modularity": "modularity of the links",
    "modularity_above_chance": "modularity above chance",
    "linked_noise_correlation": "noise correlation of linked above other pairs",
    "linked_noise_correlation_widening": "widening of that with the counting window",
    "links_gained_share": "share of links that are new",
    "links_lost_share": "share of links that are lost",
    "gained_tuning_similarity": "tuning similarity of new links",
    "attractive_share": "share of cells that moved towards the adapter",
    "repulsive_share": "share of cells that moved away",
    "attraction_balance": "towards less away, shares of cells",
    "shift_towards_deg": "mean shift towards the adapter [deg]",
    "shift_towards_since_first_deg": "shift towards the adapter since the first measurement [deg]",
    "attraction_balance_since_first": "towards less away since the first measurement",
    "turned_share": "share of cells repelled first and attracted later",
    "attractive_adapted_flank_change": "adapted flank of attracted cells, relative change",
    "attractive_opposite_flank_change": "opposite flank of attracted cells, relative change",
    "repulsive_adapted_flank_change": "adapted flank of repelled cells, relative change",
    "repulsive_opposite_flank_change": "opposite flank of repelled cells, relative change",
    "synchrony_by_convergence": "change of synchrony by change of tuning difference [1/deg]",
    "neighbour_concordance": "share of neighbours that moved the same way",
    "neighbour_concordance_by_chance": "share of distant pairs that moved the same way",
    "neighbour_concordance_excess": "neighbours that moved the same way, above distant pairs",
    "discordant_half_width_difference_deg": "half-width of discordant above other cells [deg]",
    "remote_shift_excess_deg": "excess shift of cells far from the adapter [deg]",
    "near_osi": "OSI of cells near the adapter",
    "second_minus_first_balance": "second less first adaptation, towards less away",
    "second_minus_first_towards_deg": "second less first adaptation, shift towards [deg]",
    "second_minus_first_size_deg2": "second less first adaptation, squared size of shifts [deg²]",
    "recovery_slope": "slope of later change on the shift",
    "recovery_small_deg": "later change of shifts below 5 deg [deg]",
    "recovery_5_to_10_deg": "later change of shifts of 5 to 10 deg [deg]",
    "recovery_10_to_15_deg": "later change of shifts of 10 to 15 deg [deg]",
    "recovery_large_deg": "later change of shifts above 15 deg [deg]",
    "small_shift_growth_deg2": "growth of the square of small shifts [deg²]",
    "discrimination_threshold_deg": "threshold at the reference [deg]",
    "discrimination_threshold_elsewhere_deg": "threshold elsewhere [deg]",
    "slope_at_reference_hz_per_deg": "slope of tuning at the reference [Hz/deg]",
    "slope_elsewhere_hz_per_deg": "slope of tuning elsewhere [Hz/deg]",
    "reference_rate_hz": "rate at the reference [Hz]",
}
MATCHED = "_rate_matched"
POPULATIONS = {"pyr": "pyramidal cells", "pv": "PV cells", "sst": "SST cells", "vip": "VIP cells",
               "all": "all units", "unknown": "units of unknown class"}  # fmt: skip
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NOTHING = "–"
NO_BREAK = "\N{NO-BREAK SPACE}"
SMALLEST_WRITTEN_OUT = 1e-4


def measure_in_words(measure: str) -> str:
    """A measure as a reader says it.

    >>> measure_in_words("evoked_rate_hz"), measure_in_words("mode_number")
    ('evoked rate [Hz]', 'mode number')
    >>> measure_in_words("link_share_rate_matched")
    'share of pairs linked, rate-matched'
    """
    stem = measure.removesuffix(MATCHED)
    if measure not in MEASURES and stem in MEASURES:
        return f"{MEASURES[stem]}, rate-matched"
    return MEASURES.get(measure, measure.replace("_", " "))


def population_in_words(population: str) -> str:
    """A population as a reader says it.

    >>> population_in_words("pv"), population_in_words("chandelier")
    ('PV cells', 'chandelier cells')
    """
    return POPULATIONS.get(population, f"{population} cells")


def number(value: float | None, digits: int = 3) -> str:
    """A number with three significant digits, a true minus, and a dash where there is none.

    >>> number(-0.12345), number(12.0), number(1234.5), number(float("nan")), number(None)
    ('−0.123', '12.0', '1230', '–', '–')
    """
    if value is None or not isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    decimals = digits - 1 - floor(log10(abs(rounded)))
    is_tiny = abs(rounded) < SMALLEST_WRITTEN_OUT
    text = f"{rounded:.{digits}g}" if is_tiny else f"{rounded:.{max(decimals, 0)}f}"
    return text.replace("-", "−")


def with_interval(value: float | None, low: float | None, high: float | None) -> str:
    """A number with its 95 % interval in brackets, to two digits of the interval's half-width.

    >>> with_interval(1.0, 0.5, 1.5).split(), with_interval(1.0, None, None)
    (['1.00', '[0.50,', '1.50]'], '1.00')
    """
    if value is None or low is None or high is None or not isfinite(value + low + high):
        return number(value)
    half = (high - low) / 2
    decimals = min(max(1 - floor(log10(half)), 0), 6) if half > 0 else 3
    # Adding 0 turns a rounded -0 into 0; within the brackets a line must not break.
    texts = [f"{round(x, decimals) + 0.0:.{decimals}f}" for x in (value, low, high)]
    return f"{texts[0]} [{texts[1]},{NO_BREAK}{texts[2]}]".replace("-", "−")


def counted(n: int, thing: str) -> str:
    """A number of things, in words below ten.

    >>> counted(1, "animal"), counted(12, "unit")
    ('one animal', '12 units')
    """
    return f"{COUNTS[n] if n < len(COUNTS) else n} {thing}{'' if n == 1 else 's'}"


def listed(names: list[str]) -> str:
    """Names in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
