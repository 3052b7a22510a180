"""The methods paragraph, its references and the parameters, from the settings actually used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ketacortex.analyse.epoch_values import RESPONSIVE_COUNT, TUNED_ALPHA, TUNED_GOSI
from ketacortex.analyse.links import FALSE_DISCOVERY_RATE
from ketacortex.analyse.pair_tests import LONGEST_LAG_MS, MIN_EXPECTED
from ketacortex.analyse.shift import N_SPLITS
from ketacortex.analyse.spike_stream import WINDOW_S
from ketacortex.analyse.statistics import CONFIDENCE
from ketacortex.analyse.stimulus_locking import MIN_REPEATS
from ketacortex.analyse.variability import MIN_MEAN_COUNT
from ketacortex.drug.doses import SystemicDose
from ketacortex.drug.serotonin import SerotoninDose
from ketacortex.evidence.blockers import BLOCKERS
from ketacortex.evidence.constants import Constant
from ketacortex.evidence.hcn import LARGEST_LOSS, LARGEST_SHIFT
from ketacortex.evidence.nmda_receptors import MAGNESIUM_AFFINITY, PEAK_OPEN_PROBABILITY
from ketacortex.evidence.registry import registry
from ketacortex.evidence.serotonin import DEEPEST_CUT, HALF_CUT
from ketacortex.experiment.load import of_arm
from ketacortex.experiment.schema import Experiment
from ketacortex.model.circuit import DT_MS
from ketacortex.report.dosing import all_given_in, given_in, is_local, treated_arms
from ketacortex.report.electrodes import electrode_paragraphs
from ketacortex.report.network_example import has_network
from ketacortex.report.tables import Material
from ketacortex.report.wording import counted, listed
from ketacortex.simulate.layout import LOOK_EVERY_MS
from ketacortex.stimulus.epochs import Passing
from ketacortex.stimulus.grating import GratingSequence
from ketacortex.units import S_PER_MIN

LOCAL = (
    " A paper or well is a stirred reservoir, finite or held; from it drug diffuses into a half "
    "space of tissue, in depth and sideways, is stored there and carried off by blood; the flux is "
    "even over its area and such that the mean concentration at the top of the tissue is the "
    "surface transfer times that in it. An injection starts as a filled sphere and spreads alike."
)
REFERENCES = (
    ("Tuning curve", "Swindale (1998)", "10.1007/s004220050411"),
    ("gOSI", "Ringach, Shapley and Hawken (2002)", "10.1523/JNEUROSCI.22-13-05639.2002"),
    ("Rate-matched Fano factor", "Churchland et al. (2010)", "10.1038/nn.2501"),
    ("Noise correlation", "Cohen and Kohn (2011)", "10.1038/nn.2842"),
    ("Noise correlation", "Ecker et al. (2010)", "10.1126/science.1179867"),
    ("Unimodality of blank trials", "Hartigan and Hartigan (1985)", "10.1214/aos/1176346577"),
)
NETWORK_REFERENCES = (
    ("Interval jitter", "Amarasingham et al. (2012)", "10.1152/jn.00633.2011"),
    ("Bands over all lags", "Fujisawa et al. (2008)", "10.1038/nn.2134"),
    ("Delayed links", "English et al. (2017)", "10.1016/j.neuron.2017.09.033"),
    ("False discovery rate", "Benjamini and Hochberg (1995)", "10.1111/j.2517-6161.1995.tb02031.x"),
    ("Modularity", "Leicht and Newman (2008)", "10.1103/PhysRevLett.100.118703"),
    ("Modules", "Lancichinetti and Fortunato (2012)", "10.1038/srep00336"),
)
"""What is measured, who defined it, DOI."""


@dataclass(frozen=True)
class Parameter:
    """One setting of the run."""

    path: str
    value: str
    unit: str
    source: str
    meaning: str


def methods(material: Material) -> list[str]:
    """Paragraphs of the methods."""
    paragraphs = []
    if material.experiment is not None:
        paragraphs += [_circuit(material.experiment), _stimuli(material.experiment)]
        paragraphs += _learning(material.experiment)
        paragraphs += _drug(material.experiment)
        paragraphs += electrode_paragraphs(material.experiment, material.example, material.n_units)
    else:
        paragraphs.append(_recordings(material))
    paragraphs += [_tuning(), _shift(), _variability()]
    if has_network(material):
        paragraphs.append(_network())
    return [*paragraphs, _statistics(material)]


def references(material: Material) -> list[tuple[str, str, str]]:
    """(what for, who, DOI) of the analysis and of what the run cites."""
    of_analysis = REFERENCES + NETWORK_REFERENCES * has_network(material)
    known = {doi for _, _, doi in of_analysis}
    cited = material.provenance.get("citations_doi", {})
    more = [(_capital(what), "", doi) for what, doi in cited.items() if doi not in known]
    return [*of_analysis, *more]


def parameters(experiment: Experiment | None) -> list[Parameter]:
    """Every parameter of circuit and stimuli, and what single arms or epochs set otherwise."""
    if experiment is None:
        return []
    found = [*_settings(experiment.circuit, "circuit"), *_settings(experiment.stimulus, "stimulus")]
    if treated_arms(experiment):
        for dose in experiment.dose:
            found += _settings(dose, f"dose.{dose.name}")
        for part in ("tissue", "kinetics", "block", "slow_steps"):
            found += _settings(getattr(experiment, part), part)
        found += _constants(experiment)
    if experiment.plasticity is not None:
        found += _settings(experiment.plasticity, "plasticity")
    if experiment.record.is_any:
        found += _settings(experiment.record, "record")
    if experiment.electrodes is not None:
        found += _settings(experiment.electrodes, "electrodes")
    for epoch in experiment.epoch:
        if epoch.stimulus is not None:
            found += _settings(epoch.stimulus, f"epoch.{epoch.name}.stimulus")
    for name, arm in experiment.arms.items():
        for path, value in arm.set.items():
            source = "this experiment, in this arm alone"
            found.append(Parameter(f"arms.{name}.set.{path}", str(value), "", source, ""))
    return found


def _settings(settings: BaseModel, path: str) -> Iterator[Parameter]:
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from _settings(value, f"{path}.{name}")
            continue
        extra: Any = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        unit = str(extra.get("unit", ""))
        meaning = (field.description or "").removesuffix(f" [{unit}]")
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        yield Parameter(f"{path}.{name}", shown, unit, str(extra.get("source", "")), meaning)


def _constants(experiment: Experiment) -> Iterator[Parameter]:
    """What the evidence says of the blockers that were given and of their receptors."""
    if any(isinstance(dose, SerotoninDose) for dose in experiment.dose):
        yield _constant("evidence.serotonin.deepest_cut", DEEPEST_CUT, "largest cut of release")
        yield _constant("evidence.serotonin.half_cut", HALF_CUT, "half of it")
    for name in sorted({dose.blocker for dose in experiment.dose} & set(BLOCKERS)):
        blocker = BLOCKERS[name]
        for table, magnesium in (
            (blocker.ic50_without_magnesium, "0 mM Mg"),
            (blocker.ic50_with_magnesium, "1 mM Mg"),
        ):
            for subunit, ic50 in table.items():
                path = f"evidence.{name}.ic50.{subunit}"
                yield _constant(path, ic50, f"IC50 at {blocker.reference_mv:g} mV, {magnesium}")
        yield _constant(f"evidence.{name}.k_on", blocker.k_on, "entry into an open pore")
        yield _constant(
            f"evidence.{name}.electrical_distance", blocker.electrical_distance,
            "share of the membrane field that unbinding senses",
        )  # fmt: skip
    if any(isinstance(dose, SystemicDose) for dose in experiment.dose):
        name = f"kinetics.{experiment.kinetics.species}"
        for path, constant in registry().items():
            if path.startswith(f"{name}."):
                yield _constant(f"evidence.{path}", constant, "")
    for subunit, affinity in MAGNESIUM_AFFINITY.items():
        yield _constant(f"evidence.magnesium.{subunit}", affinity, "holds half of the open pores")
    for subunit, probability in PEAK_OPEN_PROBABILITY.items():
        yield _constant(f"evidence.peak_open.{subunit}", probability, "peak open probability")


def _constant(path: str, constant: Constant, meaning: str) -> Parameter:
    source = f"{constant.grade}; {constant.low:g} to {constant.high:g}: {constant.source}"
    return Parameter(path, f"{constant.value:g}", constant.unit, source, meaning)


def _drug(experiment: Experiment) -> list[str]:
    """What was given, how it spreads, how it blocks and what follows; nothing without a dose."""
    if not treated_arms(experiment):
        return []
    given = [
        f"arm {arm}: {listed([dose.in_words for dose in all_given_in(experiment, arm)])}"
        for arm in treated_arms(experiment)
    ]
    steps, rise = experiment.slow_steps, experiment.circuit.upregulation
    doses = [dose for arm in treated_arms(experiment) for dose in given_in(experiment, arm)]
    return [
        f"Doses, times from the end of the first epoch: {'; '.join(given)}."
        + LOCAL * any(is_local(dose) for dose in doses)
        + _kinetics(experiment) * any(isinstance(dose, SystemicDose) for dose in doses),
        "At each branch and interneuron, free drug enters open NMDA receptors that magnesium has "
        "left, subunit by subunit, and leaves through open receptors at a rate that grows with "
        "depolarisation; closed receptors keep it. The blocked share follows dB/dt = k_on C "
        "<P_open m(V)> (1 − B) − <P_open k_off(V)> B, B in the bracket being that of all blockers "
        f"together; averages are of the products, taken every {LOOK_EVERY_MS:g} ms from the "
        "simulated trials; P_open is the conductance-weighted share of "
        "receptors holding glutamate times the peak open probability of the subunit. "
        + beside_block(experiment)
        + "During an "
        f"epoch its own trials drive block; between epochs {steps.representative_trials} "
        "representative trials do, renewed whenever block or gain has moved by "
        f"{steps.largest_change:g}, and every {steps.refresh_s / 60:g} min. "
        "AMPA conductance of a branch approaches 1 + "
        f"{rise.amplitude:g} times the share of its resting NMDA current that is lost, with a time "
        f"constant of {rise.onset_s / 60:g} min up and {rise.decay_s / 3600:g} h down.",
    ]


def beside_block(experiment: Experiment) -> str:
    """What else the drug does in some arm: leak out of closed pores, block of HCN1."""
    own = {arm: of_arm(experiment, arm).block for arm in treated_arms(experiment)}
    leaky = [f"{arm} ({block.leak:g})" for arm, block in own.items() if block.leak > 0]
    hcn = [f"{arm} ({b.affinity_hcn1:g})" for arm, b in own.items() if b.affinity_hcn1 > 0]
    text = ""
    if leaky:
        text += (
            "Closed pores keep a share of that exit, <(P_open + leak) k_off(V)>, in "
            f"{listed(leaky)}. "
        )
    if hcn:
        text += (
            f"HCN1 channels are blocked in {listed(hcn)}, affinity over the measured one in "
            f"brackets: of those that have bound, a share C/(C + IC50), {LARGEST_LOSS.value:g} of "
            f"the conductance is lost and half activation moves by {LARGEST_SHIFT.value:g} mV. "
        )
    return text


def _kinetics(experiment: Experiment) -> str:
    """How doses into the body were followed; empty where no species is named."""
    k = experiment.kinetics
    if k.species is None:
        return ""
    d = k.disposition
    return (
        f" Doses into the body were followed for a {k.species} of {k.mass_kg:g} kg, exactly, by a "
        f"linear model with absorption, up to three compartments, norketamine and an effect site "
        f"({d.source.rstrip('.')}; blood: {d.sampling}): free drug in the brain follows free drug "
        f"in plasma ({k.evidence.free_in_plasma.value:g} of the total) at "
        f"{k.evidence.brain_exchange_per_min.value:g}/min and is the same in the whole patch; drug "
        "and norketamine compete for the receptors."
    )


def _circuit(experiment: Experiment) -> str:
    c = experiment.circuit
    seed = f"seed {experiment.seed}"
    return (
        f"Each of {counted(experiment.animals, 'simulated animal')} is a patch of layer 2/3 of "
        f"visual cortex, {c.patch.width_um:g} µm wide, with an orientation map of type {c.map}: "
        f"{c.pyr.n} pyramidal cells of {c.pyr.n_branches} dendritic branches, {c.pv.n} PV and "
        f"{c.sst.n} SST interneurons, driven by {c.afferents.n} afferent fibres. Branches carry "
        "AMPA and voltage-dependent NMDA conductances and HCN; synapses from pyramidal onto SST "
        f"cells facilitate. Equations are stepped by forward Euler, {DT_MS:g} ms at a time, in "
        "single precision. Wiring, map and noise of an animal are "
        f"drawn from {seed} and its number; arms of an animal share them, and every epoch draws "
        "new trial order, afferent spikes and gain."
    )


def _stimuli(experiment: Experiment) -> str:
    shown: dict[GratingSequence, list[str]] = {}
    passing: list[str] = []
    for epoch, sequence in experiment.shown():
        if isinstance(sequence, Passing):
            passing.append(f"In epoch {epoch}, {_passing(sequence)}")
        else:
            shown.setdefault(sequence, []).append(epoch)
    sentences = [
        f"In {'epochs' if len(epochs) > 1 else 'epoch'} {listed(epochs)}, gratings of "
        f"{s.n_orientations} orientations were shown {s.repeats} times each, with {s.blanks} blank "
        f"trials, {s.duration_s:g} s long and preceded by {s.gap_s:g} s of grey, in random order "
        "in blocks that hold every orientation once"
        for s, epochs in shown.items()
    ]
    return ". ".join(sentences + passing) + "."


def _learning(experiment: Experiment) -> list[str]:
    """What experience changes, and where serotonin was given; nothing of circuits that stand."""
    paragraphs = []
    if experiment.plasticity is not None:
        paragraphs.append(
            "What the first epoch showed was the usual from then on. Branches compared the calcium "
            "through their NMDA receptors with it and with that of their cell; a tag followed, and "
            "AMPA and above all NMDA conductances moved towards soft bounds while the sum of a "
            "cell's weights stayed; they recovered to where a slow trace held them. Afferent "
            "fibres driven more than usual tired, and their synapses onto PV and SST cells rose "
            "and sagged. All of it was stepped by up to "
            f"{experiment.slow_steps.longest_s:g} s under pieces that stand for the stimuli"
            f"{_left_out(experiment)}."
        )
    given = [
        f"arm {arm}: {dose.in_words}"
        for arm in experiment.arms
        for dose in all_given_in(experiment, arm)
        if isinstance(dose, SerotoninDose)
    ]
    if given:
        paragraphs.append(
            f"Serotonin cut the release of afferents and blocked nothing ({'; '.join(given)})."
        )
    return paragraphs


def _left_out(experiment: Experiment) -> str:
    arms = [
        f"arm {name} passed {listed(list(arm.without))} in front of a grey screen"
        for name, arm in experiment.arms.items()
        if arm.without
    ]
    return f"; {', '.join(arms)}" if arms else ""


def _passing(epoch: Passing) -> str:
    """What passes unrecorded, in words."""
    for_so_long = f"{epoch.duration_s / S_PER_MIN:g} min"
    if epoch.adapter is not None:
        return (
            f"an adapter of {epoch.adapter.orientation_deg:g}° was shown for "
            f"{epoch.shown_s / S_PER_MIN:g} of {for_so_long}"
        )
    if epoch.training is not None:
        t = epoch.training
        return (
            f"gratings {t.offset_deg:g}° on either side of {t.reference_deg:g}° were shown for "
            f"{for_so_long}, and weights changed {t.reward_gain:g} times as fast"
        )
    return f"the screen was grey for {for_so_long}"


def _recordings(material: Material) -> str:
    example = material.example
    source = (
        f" Source of the first: {example.source.rstrip('.')}." if example and example.source else ""
    )
    doses = "" if example is None or example.doses.empty else (
        " Doses in the first: "
        + listed([f"{d['blocker']} ({d['route']})" for d in example.doses.to_dict("records")])
        + "."
    )  # fmt: skip
    classes = (
        f"Cell classes as given by the source: {listed(material.cell_classes)}."
        if material.has_known_classes
        else "The classes of the cells are not known; all units are taken together."
    )
    return (
        f"{_capital(counted(len(material.sources), 'recording'))} of "
        f"{counted(material.n_animals, 'animal')}. {classes}{doses}{source}"
    )


def _tuning() -> str:
    return (
        "Spikes were counted from onset to offset of each trial. Evoked rate is the mean over "
        "stimuli, peak rate the largest mean over orientations, spontaneous rate that of blank "
        "trials. Tuning uses trials of the highest contrast: a von Mises curve b + a exp(κ(cos "
        "2(θ − µ) − 1)) with a, b ≥ 0 was fitted to the mean rates by least squares; preferred "
        "orientation is µ, OSI is (R_pref − R_orth)/(R_pref + R_orth) of the fitted curve, "
        "half-width is taken at half height above b, and gOSI is |Σ r exp(2iθ)|/Σ r of the mean "
        f"rates. A unit responds with more than {RESPONSIVE_COUNT:g} spikes a trial at its best "
        f"orientation; it is tuned if also modulated by orientation (F test on √counts, p < "
        f"{TUNED_ALPHA:g}) and gOSI > {TUNED_GOSI:g}."
    )


def _shift() -> str:
    return (
        "Shifts are axial differences of preferred orientation between a later and the first "
        f"epoch. For the excess, each epoch is halved {N_SPLITS} times at random within "
        "orientations and fitted anew; with preferences A1, A2 and B1, B2 of the halves, the "
        "distance between the middle of A1 and A2 and that of B1 and B2 is compared with the mean "
        "of |(A1 − A2) + (B1 − B2)|/2 and |(A1 − A2) − (B1 − B2)|/2, which error alone makes "
        "equally large. Units count with the share of halvings in which all four halves are tuned."
    )


def _variability() -> str:
    return (
        "Fano factor is variance over mean of the count within one stimulus, averaged over stimuli "
        f"with a mean count above {MIN_MEAN_COUNT:g}. Rate-matched: pairs of unit and stimulus are "
        "binned by mean count (a quarter of a doubling wide) and both epochs are reduced to their "
        "common distribution. Noise correlation is the correlation of two units' counts, z-scored "
        "within each stimulus, averaged over pairs of units with a mean count above "
        f"{MIN_MEAN_COUNT:g}. The CV of intervals is taken within trials of one stimulus."
    )


def _network() -> str:
    return (
        "For links, spikes of every two units during the gratings are held against interval "
        f"jitter: each spike thrown anew within its window of {1e3 * WINDOW_S:g} ms, with exact "
        "mean and variance over all such surrogates, so that rate and whatever changes more slowly "
        "are explained. Where every stimulus was shown "
        f"{MIN_REPEATS} times or more, the null also expects locking to the stimulus, from pairs "
        "of spikes of different trials. Each pair is asked eleven questions, coincidence within "
        f"2.5 ms and lags of 1 to {LONGEST_LAG_MS:g} ms in both directions, with one p value over "
        f"all of them, if {MIN_EXPECTED:g} coincidence is expected; a link has an excess and a "
        f"false discovery rate over all pairs below {FALSE_DISCOVERY_RATE:g}. It is delayed if "
        "that direction exceeds the other at 1 %, else synchrony. Strength is the excess over the "
        "geometric mean of both spike counts. As more spikes show more links, every measure is "
        "also taken rate-matched: with equally many trials of each stimulus and equally many "
        "spikes of each unit in all epochs, at random. Links are no units of replication: "
        "each animal gives one value an epoch. A link is a correlation in time; shared input makes "
        "it as well as a synapse."
    )


def _statistics(material: Material) -> str:
    percent = f"{CONFIDENCE:.0%}".replace("%", " %")
    if material.n_animals < 2:
        return (
            "There is one animal. The animal is the unit of replication, so nothing can be "
            "inferred beyond it. Intervals are of a jackknife over trials that leaves out one "
            "repeat of every stimulus at a time; those of shifts are over units."
        )
    return (
        "The animal is the unit of replication: each gives one value before and one after, and "
        f"intervals are {percent} Student t intervals over animals (n = {material.n_animals}), of "
        "logarithms for ratios. Units of one animal are not independent and enter no interval. A "
        "claim is the difference (of ratios, the quotient) of the changes in two arms, taken "
        "within each animal."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
