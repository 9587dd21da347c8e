"""Every setting of a run: what there is (`sections`), reading and writing it (`config_files`), mistakes in it."""

from seqwise.config.config_errors import parse_config
from seqwise.config.config_files import check_units, dump_config, load_config, override, read_setting
from seqwise.config.data_section import DataConfig
from seqwise.config.encoder_sections import RocketConfig
from seqwise.config.input_section import InputConfig
from seqwise.config.loss_section import LossConfig
from seqwise.config.model_section import ConvexConfig, ModelConfig, NetworkConfig, NgramConfig
from seqwise.config.model_sections import ENCODER_SECTIONS, FolderConfig, OpenConfig, encoders_with
from seqwise.config.renamed_keys import with_current_keys
from seqwise.config.section import Flag, Search, Section, Steps, flag_form, metadata_of
from seqwise.config.sections import Config
from seqwise.config.setting_text import setting_text
from seqwise.config.train_section import Effort, TrainConfig, seconds_of

__all__ = [
    "ENCODER_SECTIONS",
    "Config",
    "ConvexConfig",
    "DataConfig",
    "Effort",
    "Flag",
    "FolderConfig",
    "InputConfig",
    "LossConfig",
    "ModelConfig",
    "NetworkConfig",
    "NgramConfig",
    "OpenConfig",
    "RocketConfig",
    "Search",
    "Section",
    "Steps",
    "TrainConfig",
    "check_units",
    "dump_config",
    "encoders_with",
    "flag_form",
    "load_config",
    "metadata_of",
    "override",
    "parse_config",
    "read_setting",
    "seconds_of",
    "setting_text",
    "with_current_keys",
]
