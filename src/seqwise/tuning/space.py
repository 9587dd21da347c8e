"""What is searched: for each setting that matters, a few steps up and down from its default."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from seqwise.config import Config, Search, Steps, metadata_of, parse_config
from seqwise.errors import ConfigError
from seqwise.task.defaults import check_fit, is_open
from seqwise.task.prepare import Task, with_settings

__all__ = ["ENCODER", "SETTINGS", "WORDS", "Setting", "Space", "with_values"]

ENCODER = "model.encoder"
_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class Setting:
    """A number that is searched in steps from its default.

    Attributes:
        key: of the config.
        steps: the lowest and the highest step; 0 is the default.
        moved: default, step -> value.
    """

    key: str
    steps: tuple[int, int]
    moved: Callable[[Any, int], Any]


def _declared(kind: type[_Kind]) -> dict[str, _Kind]:
    """By key, what the settings say of this kind about their search."""
    return {
        f"{name}.{key}": found
        for name, section in Config()
        for key in type(section).model_fields
        if (found := metadata_of(type(section), key, kind)) is not None
    }


WORDS: Mapping[str, tuple[str | bool, ...]] = {
    key: found.values() for key, found in sorted(_declared(Search).items(), key=lambda item: item[1].rank)
}
"""What is chosen from some values: by key, the values; the encoder first."""

SETTINGS = tuple(
    Setting(key, (found.lowest, found.highest), found.moved)
    for key, found in sorted(_declared(Steps).items(), key=lambda item: item[1].rank)
)
"""The numbers that are searched, those that matter most first."""


@dataclass(frozen=True)
class Space:
    """What is searched on these data: whatever matters there and nobody has set.

    Attributes:
        task: the prepared data; its config is that of the defaults.
        given: the settings as the person gave them.
        words: by key, the values to choose from, the default first; only where there is a choice.
        settings: the numbers to try.
    """

    task: Task
    given: Config
    words: Mapping[str, tuple[str | bool, ...]]
    settings: tuple[Setting, ...]

    @classmethod
    def of(cls, task: Task, given: Config) -> Space:
        """The space of a prepared task and of the settings that it was prepared from.

        A setting is in it that has an effect with some encoder.
        """
        encoders = _values(task, given, ENCODER, {})
        pins = [{ENCODER: encoder} for encoder in encoders or (task.config.model.encoder,)]
        words: dict[str, tuple[str | bool, ...]] = {ENCODER: encoders}
        for key in WORDS:
            if key != ENCODER and is_open(given, key):
                words[key] = max((_values(task, given, key, pin) for pin in pins), key=len)
        settings = tuple(s for s in SETTINGS if is_open(given, s.key) and _has_effect(task, given, s, pins))
        return cls(task, given, {key: values for key, values in words.items() if len(values) > 1}, settings)

    def settings_of(self, steps: Mapping[str, Any]) -> dict[str, Any]:
        """What a trial sets beside what the person gave, by key.

        Args:
            steps: by key, the value of what is chosen, and the step of each number; what is left out is the default of
                the chosen encoder. What has no effect with that encoder stays as it is.
        """
        default = self.task.config.model.encoder
        pin = {ENCODER: steps.get(ENCODER, default)}
        chosen: dict[str, Any] = {} if pin[ENCODER] == default else dict(pin)
        for key, values in self.words.items():
            value = steps.get(key, values[0])
            if key != ENCODER and value != values[0] and self._is_fit({**pin, **chosen, key: value}):
                chosen[key] = value
        base, settings = self.task_of(chosen), dict(chosen)
        for setting in self.settings:
            before = _value(base.config, setting.key)
            value = before if before is None else setting.moved(before, steps.get(setting.key, 0))
            if value != before and self._is_fit({**pin, **chosen, setting.key: value}):
                settings[setting.key] = value
        # What a person sets may decide which encoder is the default; here the encoder was chosen.
        if settings and self.task_of(settings).config.model.encoder != pin[ENCODER]:
            settings = {**pin, **settings}
        return settings

    def _is_fit(self, values: Mapping[str, Any]) -> bool:
        return _is_fit(self.task, self.given, values)

    def task_of(self, settings: Mapping[str, Any]) -> Task:
        """The task under such settings; without any, the one that `train` makes of what the person gave.

        Raises:
            ConfigError: settings that do not go together.
        """
        if not settings:
            return self.task
        task = with_settings(self.task, with_values(self.given, settings))
        return replace(task, inferred={**task.inferred, **dict.fromkeys(settings, "found by seqwise tune")})


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """A config in which a person set these keys too.

    Raises:
        ConfigError: a value that cannot be.
    """
    plain = config.model_dump(exclude_unset=True)
    for key, value in values.items():
        section, name = key.split(".")
        plain[section] = {**plain.get(section, {}), name: value}
    return parse_config(plain)


def _values(task: Task, given: Config, key: str, pin: Mapping[str, Any]) -> tuple[str | bool, ...]:
    """The values that fit the data, the default first; none where that is none of them, such as one per target.

    Args:
        task: of the defaults.
        given: the settings of a person.
        key: in `WORDS`.
        pin: settings that go with them.
    """
    default, values = _value(task.config, key), WORDS[key]
    if default not in values or not is_open(given, key):
        return ()
    others = (value for value in values if value != default)
    return (default, *(value for value in others if _is_fit(task, given, {**pin, key: value})))


def _is_fit(task: Task, given: Config, values: Mapping[str, Any]) -> bool:
    """Whether these settings may be and have an effect on the data."""
    try:
        check_fit(with_values(given, values), task.store.spec)
    except ConfigError:
        return False
    return True


def _has_effect(task: Task, given: Config, setting: Setting, pins: Sequence[Mapping[str, Any]]) -> bool:
    """Whether some step of a setting changes anything on these data, with some of the encoders."""
    default = _value(task.config, setting.key)
    if default is None:
        return False
    values = {setting.moved(default, step) for step in range(setting.steps[0], setting.steps[1] + 1)} - {default}
    return any(_is_fit(task, given, {**pin, setting.key: value}) for value in values for pin in pins)


def _value(config: Config, key: str) -> Any:
    """The value of a setting; its default where the encoder of the config does not have it, but others do."""
    section, name = key.split(".")
    return getattr(getattr(config, section), name, getattr(getattr(Config(), section), name))
