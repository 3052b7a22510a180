"""What adapters and training did in one animal, where there were any."""

from __future__ import annotations

from ketacortex.analyse.adaptation import AdaptationFindings, measure_adaptation, with_adaptation
from ketacortex.analyse.adapted_epochs import adapters_of
from ketacortex.analyse.session import SessionFindings
from ketacortex.analyse.trained_epochs import trainings_of
from ketacortex.analyse.training import TrainingFindings, measure_training, with_training
from ketacortex.recording.recording import Recording

Experience = AdaptationFindings | TrainingFindings


def measure_experience(recording: Recording) -> tuple[Experience, ...]:
    """Findings about the adapters and the trainings of a recording; none without any.

    Parameters
    ----------
    recording : Recording
        Its epochs with `kind` and `adapter_deg`, or `reference_deg`.
    """
    found: list[Experience] = []
    if adapters_of(recording):
        found.append(measure_adaptation(recording))
    if trainings_of(recording):
        found.append(measure_training(recording))
    return tuple(found)


def with_experience(
    findings: SessionFindings, experience: tuple[Experience, ...]
) -> SessionFindings:
    """Findings of a session with those of its adapters and trainings among them."""
    for found in experience:
        if isinstance(found, AdaptationFindings):
            findings = with_adaptation(findings, found)
        else:
            findings = with_training(findings, found)
    return findings
