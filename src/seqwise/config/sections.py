"""All settings of a run."""

from __future__ import annotations

from seqwise.config.data_section import DataConfig
from seqwise.config.input_section import InputConfig
from seqwise.config.loss_section import LossConfig
from seqwise.config.model_sections import OpenConfig, SelectedModel
from seqwise.config.section import Section
from seqwise.config.train_section import TrainConfig

__all__ = ["Config"]


class Config(Section):
    """All settings of a run."""

    data: DataConfig = DataConfig()
    input: InputConfig = InputConfig()
    model: SelectedModel = OpenConfig()
    loss: LossConfig = LossConfig()
    train: TrainConfig = TrainConfig()
