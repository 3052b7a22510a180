"""Everything that experience changes in a circuit, as settings: one place to switch each off."""

from __future__ import annotations

from ketacortex.model.afferent_fatigue import AfferentFatigue
from ketacortex.model.branch_plasticity import BranchPlasticity
from ketacortex.model.interneuron_facilitation import InterneuronFacilitation
from ketacortex.model.latent_trace import LatentTrace
from ketacortex.settings import Settings


class Plasticity(Settings):
    """Mechanisms that adapters, training and time act through; the same set for every protocol."""

    branch: BranchPlasticity = BranchPlasticity()
    trace: LatentTrace = LatentTrace()
    fatigue: AfferentFatigue = AfferentFatigue()
    interneurons: InterneuronFacilitation = InterneuronFacilitation()
