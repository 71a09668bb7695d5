"""One resource of any release to R4, by the tables of its release (pure).

Spec: FHIR R4; DESIGN decision 3 (fail closed: what has no rule does not pass)
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_adapters.converters import dstu2, r5, stu3, terminology
from fhir_adapters.converters.tables import Table, converted, is_whole
from fhir_adapters.release import Release

_REFERENCE = re.compile(
    r"(?P<head>(?:.*/)?)(?P<type>[A-Z][A-Za-z]+)(?P<tail>/[^/]+(?:/_history/.+)?)"
)


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What became of one resource.

    `resource` is None when it could not be converted at all. `lost` names elements that R4
    has no place for, as FHIRPaths from the type of the source.
    """

    resource: dict[str, Any] | None = field(repr=False)
    lost: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing was lost."""
        return self.resource is not None and not self.lost


@dataclass(frozen=True, kw_only=True)
class Converter:
    """Converts from one release; `names` are R4 types that are called otherwise there."""

    tables: Mapping[str, Table]
    names: Mapping[str, tuple[str, ...]]
    since_stu3: bool

    def native_types(self, r4_type: str) -> tuple[str, ...]:
        """Return what an R4 type is called in this release; empty when it cannot be converted."""
        names = self.names.get(r4_type, (r4_type,))
        return tuple(name for name in names if name in self.tables)

    def r4_type(self, native_type: str) -> str | None:
        """Return the R4 type that a type becomes, None when it cannot be converted."""
        if native_type not in self.tables:
            return None
        return self._renamed.get(native_type, native_type)

    def to_r4(self, resource: Mapping[str, Any]) -> Conversion:
        """Convert one resource; the argument is not changed."""
        native = resource.get("resourceType")
        if not isinstance(native, str) or native not in self.tables:
            return Conversion(resource=None, lost=(str(native) if native else "",))
        table = self.tables[native]
        inner = resource.get("contained")
        target = converted({k: v for k, v in resource.items() if k != "contained"}, table)
        lost = [f"{native}.{name}" for name in target.lost]
        if not is_whole(target, table):
            return Conversion(resource=None, lost=(native, *lost))
        made: dict[str, Any] = {"resourceType": self._renamed.get(native, native), **target.made}
        contained = list(self._contained(inner, native, lost))
        if contained:
            made["contained"] = contained
        made = terminology.moved(made, since_stu3=self.since_stu3)
        return Conversion(resource=self._with_references(made), lost=tuple(lost))

    def _contained(self, inner: object, native: str, lost: list[str]) -> Iterator[dict[str, Any]]:
        for one in inner if isinstance(inner, list) else []:
            conversion = self.to_r4(one) if isinstance(one, dict) else Conversion(resource=None)
            lost.extend(f"{native}.contained.{name}" for name in conversion.lost)
            if conversion.resource is not None:
                yield conversion.resource
            elif not conversion.lost:
                lost.append(f"{native}.contained")

    def _with_references(self, value: Any) -> Any:
        if not self._renamed:
            return value
        if isinstance(value, list):
            return [self._with_references(one) for one in value]
        if not isinstance(value, dict):
            return value
        made = {name: self._with_references(one) for name, one in value.items()}
        if isinstance(made.get("reference"), str):
            made["reference"] = self._reference(made["reference"])
        return made

    def _reference(self, reference: str) -> str:
        match = _REFERENCE.fullmatch(reference)
        if match is None or match["type"] not in self._renamed:
            return reference
        return f"{match['head']}{self._renamed[match['type']]}{match['tail']}"

    @property
    def _renamed(self) -> Mapping[str, str]:
        return {native: r4 for r4, natives in self.names.items() for native in natives}


CONVERTERS: Mapping[Release, Converter] = {
    Release.DSTU2: Converter(tables=dstu2.TABLES, names=dstu2.NAMES, since_stu3=False),
    Release.STU3: Converter(tables=stu3.TABLES, names=stu3.NAMES, since_stu3=True),
    Release.R5: Converter(tables=r5.TABLES, names=r5.NAMES, since_stu3=True),
}
