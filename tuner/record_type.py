"""The base class of tuner's data records."""

from dataclasses import asdict, dataclass, field
from typing import Any, dataclass_transform


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Record:
    """Makes every subclass a frozen, keyword-only dataclass."""

    def __init_subclass__(cls) -> None:
        """Makes the class a dataclass."""
        dataclass(frozen=True, kw_only=True)(cls)

    def data(self) -> dict[str, Any]:
        """The fields as a JSON-ready dict."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]
