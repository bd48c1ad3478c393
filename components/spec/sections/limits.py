"""What `finetune.limits` says."""

from pydantic import Field

from components.spec.sections.base import Section


class FinetuneLimits(Section):
    """What a fine-tune may cost the base; the winner is the best of those that keep it."""

    drift_at_most: float | None = Field(
        None,
        ge=0.0,
        le=2.0,
        description="feature drift from the base's images of the same seeds and prompts; none: any",
    )
    base_fd_at_most: float | None = Field(
        None,
        ge=0.0,
        le=1.0e6,
        description="Fréchet distance to the base's own holdout, in times the base's; none: any",
    )
