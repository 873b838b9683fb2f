"""What every record of ours is."""

from dataclasses import asdict, dataclass, field
from typing import Any, dataclass_transform


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Record:
    """A frozen dataclass whose fields are given by keyword, as soon as a class is derived from it."""

    def __init_subclass__(cls) -> None:
        """Makes the class a dataclass."""
        dataclass(frozen=True, kw_only=True)(cls)

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]
