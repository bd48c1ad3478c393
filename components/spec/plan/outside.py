"""What a plan must know of the machine and the files around the experiment."""

from dataclasses import dataclass, field

from components.spec.plan.auto import Settle, unmeasured
from components.spec.plan.node import (
    BaseContent,
    Compute,
    DataHash,
    DecidedHash,
    EncodersHash,
    FolderHash,
    PromptsHash,
    WeightsHash,
    no_base,
    no_encoders,
    no_folders,
    no_weights,
    unread_prompts,
)


@dataclass(frozen=True)
class Outside:
    """What a plan must know and no experiment file says.

    Attributes:
        data_hash: gives the DVC hash of a source's raw files.
        weights: gives the digest of the weights behind an extractor's name.
        compute: what all stages compute with.
        prompts: gives the digest of a file of prompts.
        folder: gives the digest of a folder that the file names.
        encoders: gives the digests of the folders that text encoders are read from.
        network: gives the digest of the network in a directory of `network.pretrained`.
        base: gives what is known of the model of `finetune.base`.
        decided: gives the digest of the pairs that `finetune.preferences` names.
        settle: gives an experiment with what its `auto` comes to on this machine.
    """

    data_hash: DataHash
    compute: Compute = field(default_factory=Compute)
    weights: WeightsHash = no_weights
    prompts: PromptsHash = unread_prompts
    folder: FolderHash = no_folders
    encoders: EncodersHash = no_encoders
    network: FolderHash = no_folders
    base: BaseContent = no_base
    decided: DecidedHash = no_folders
    settle: Settle = unmeasured

    def digests(self, *extractors: str) -> dict[str, str]:
        """Extractor → digest, of those whose weights lie in a file here."""
        found = ((name, self.weights(name)) for name in extractors)
        return {name: digest for name, digest in found if digest is not None}
