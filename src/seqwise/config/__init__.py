"""Every setting of a run: what there is (`sections`), reading and writing it (`reading`), mistakes in it (`errors`)."""

from seqwise.config.config_errors import parse_config, setting_text
from seqwise.config.config_files import check_units, dump_config, load_config, override, read_setting
from seqwise.config.sections import (
    Config,
    DataConfig,
    Effort,
    InputConfig,
    LossConfig,
    ModelConfig,
    TrainConfig,
    seconds_of,
)

__all__ = [
    "Config",
    "DataConfig",
    "Effort",
    "InputConfig",
    "LossConfig",
    "ModelConfig",
    "TrainConfig",
    "check_units",
    "dump_config",
    "load_config",
    "override",
    "parse_config",
    "read_setting",
    "seconds_of",
    "setting_text",
]
