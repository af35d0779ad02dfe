import dataclasses

from ser_fop.utils.json_io import from_stored, to_plain


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Inner:
    width: int = 3
    names: tuple[str, ...] = ("a",)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Outer:
    inner: _Inner = dataclasses.field(default_factory=_Inner)
    size: int = 2


def test_defaults_of_stored_settings_are_written_again():
    found = from_stored({"inner": {"width": 5}}, _Outer)
    expected = {"inner": {"width": 5, "names": ["a"]}, "size": 2}
    assert to_plain(found) == expected
    assert to_plain({"all": [found]}) == {"all": [expected]}
