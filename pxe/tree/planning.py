"""What a run is going to change in a tree, decided from what is wanted and from whose is what is there; pure but for
looking. See the rules in `tree`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from initrd.pair.check import MANIFEST
from initrd.pair.switch import Change

from ..entries.architectures import HTTP_IMAGE
from ..entries.configuration import Configuration
from ..entries.loaders import LOADERS, Loader
from . import foreign
from .answers import ANSWERS
from .record import RECORD, Record, digest
from .standing import Standing, Tenants, backup_name


class Blocked(Exception):
    """One sentence: something is in the way, and nothing was done."""


@dataclass(frozen=True)
class Order:
    """What is wanted. `pair`: the folder that the pair is copied from, None for one that is in the tree already;
    `sha256` is that of its files. `force`: replace what is not ours. `places`: where loaders are, if not as usual.
    `image`: what UEFI loads by HTTP, None for a tree without. `answers`: the text of the file that ``config=`` may
    name, None where there is none beside the pair. `also`: what changes together with the tree.
    """

    pair: Path | None
    sha256: Mapping[str, str]
    configurations: Sequence[Configuration]
    force: bool = False
    places: tuple[Path, ...] = ()
    loaders: Sequence[Loader] = LOADERS
    also: tuple[Change, ...] = ()
    image: Path | None = None
    answers: bytes | None = None


@dataclass(frozen=True)
class Plan:
    """`changes` in their order. `ours` maps what is ours then to its SHA-256, `in_place` are the files that are as
    wanted then, `theirs` those of somebody else that are used as they are. The rest is what `tree.Tree` has.
    """

    changes: tuple[Change, ...] = ()
    ours: Mapping[str, str] = field(default_factory=dict)
    in_place: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sections: tuple[tuple[Path, str], ...] = ()

    def __add__(self, other: Plan) -> Plan:
        return Plan(
            self.changes + other.changes,
            {**self.ours, **other.ours},
            self.in_place + other.in_place,
            self.theirs + other.theirs,
            self.notes + other.notes,
            self.warnings + other.warnings,
            self.sections + other.sections,
        )


@dataclass(frozen=True)
class _File:
    """A file that is wanted: its path below the tree, its content, and the content's SHA-256."""

    name: str
    content: bytes | Path
    sha256: str


def make_plan(there: Tenants, order: Order) -> Plan:
    """Raises Blocked, and OSError for what cannot be read."""
    plan = _pair(there, order)
    for loader in order.loaders:
        plan += _loader(there, loader, order)
    for one in order.configurations:
        plan += _configuration(there, one, order.force)
    plan += _image(there, order)
    plan += _answers(there, order)
    images = (HTTP_IMAGE,) if order.image else ()
    answers = (ANSWERS,) if order.answers is not None else ()
    plan += _abandoned(there, {*images, *answers, *(str(one.path) for one in order.configurations)}, order.loaders)
    ours = {*plan.in_place, *plan.theirs, *(change.target for change in plan.changes)}
    plan += Plan(warnings=(*foreign.rivals(there.directory, ours), *foreign.loaders_elsewhere(there.directory)))
    record = Record(plan.ours)
    if there.record != record:
        plan += Plan((Change(RECORD, record.to_json().encode("utf-8", "surrogateescape")),))
    return plan + Plan(tuple(one for one in order.also if digest(there.directory / one.target) != one.sha256))


def _pair(there: Tenants, order: Order) -> Plan:
    if order.pair is None:
        kept = {name: sha256 for name, sha256 in order.sha256.items() if there.record.files.get(name) == sha256}
        return Plan(ours=kept, in_place=tuple(order.sha256))
    files = [_File(name, order.pair / name, sha256) for name, sha256 in order.sha256.items()]
    strange = [one.name for one in files if there.standing(one.name, one.sha256) is Standing.FOREIGN]
    if strange and not order.force:
        raise Blocked(
            f"{_all(there, strange)} not from this command, and not of the pair in {order.pair}: nothing was changed. "
            f"--force replaces it, and keeps it as {strange[0]}.bak."
        )
    plan = _put(there, files)
    if plan.changes and there.built:  # the builder's words about the pair that was here
        text = order.pair / MANIFEST
        plan += Plan((Change(MANIFEST, text if text.is_file() else None),))
    return plan


def _loader(there: Tenants, loader: Loader, order: Order) -> Plan:
    plan = Plan()
    for files in loader.groups or (loader.files,):
        plan += _group(there, loader, files, order)
    for name in () if plan.theirs else loader.also:  # they must be of one version
        if path := loader.find(name, order.places):
            sha256 = str(digest(path.resolve()))
            if order.force or there.standing(name, sha256) is not Standing.FOREIGN:
                plan += _put(there, [_File(name, path, sha256)])
    return plan + Plan(warnings=tuple(_no_menu(there, loader, order, plan.in_place)))


def _no_menu(there: Tenants, loader: Loader, order: Order, in_place: Collection[str]) -> Iterator[str]:
    """What is missing for a menu: PCs would wait at a prompt, also where nobody is."""
    shown = any(loader.menu_files[0] in one.text for one in order.configurations) if loader.menu_files else False
    missing = [one for one in loader.menu_files if one not in in_place and not (there.directory / one).exists()]
    if shown and missing:
        yield (
            f"{there.directory} has no {' and no '.join(missing)}, so {loader.name} cannot show its menu, and PCs wait "
            f"at its prompt: copy {'them' if len(missing) > 1 else 'it'} from where {loader.files[0]} came."
        )


def _group(there: Tenants, loader: Loader, files: tuple[str, ...], order: Order) -> Plan:
    """Files that belong together, or none where another boot server has its own."""
    sources = {name: loader.find(name, order.places) for name in files}
    digests = {name: digest(path.resolve()) if path else None for name, path in sources.items()}
    standings = {name: there.standing(name, sha256) for name, sha256 in digests.items()}
    if Standing.FOREIGN in standings.values() and not order.force:
        return _strange_loader(there, loader, standings)
    missing = [name for name in files if sources[name] is None]
    if missing and all((there.directory / name).exists() for name in files):
        kept = {name: sha256 for name in files if (sha256 := there.record.files.get(name))}
        return Plan(ours=kept, in_place=files)
    if missing:
        raise Blocked(
            f"{missing[0]} is not in {' or '.join(str(place) for place in order.places or loader.places)}: install the "
            f"packages {' and '.join(loader.packages)}."
        )
    return _put(there, [_File(name, path, str(digests[name])) for name, path in sources.items() if path is not None])


def _image(there: Tenants, order: Order) -> Plan:
    if order.image is None:
        return Plan()
    sha256 = str(digest(order.image))
    if there.standing(HTTP_IMAGE, sha256) is Standing.FOREIGN and not order.force:
        note = f"{there.directory / HTTP_IMAGE} is not ours, and stays: PCs that boot by HTTP boot what is in it."
        return Plan(theirs=(HTTP_IMAGE,), notes=(note,))
    return _put(there, [_File(HTTP_IMAGE, order.image, sha256)])


def _answers(there: Tenants, order: Order) -> Plan:
    if order.answers is None:
        return Plan()
    sha256 = hashlib.sha256(order.answers).hexdigest()
    if there.standing(ANSWERS, sha256) is Standing.FOREIGN and not order.force:
        note = f"{there.directory / ANSWERS} is not ours, and stays: PCs with config={ANSWERS} read what is in it."
        return Plan(theirs=(ANSWERS,), notes=(note,))
    return _put(there, [_File(ANSWERS, order.answers, sha256)])


def _strange_loader(there: Tenants, loader: Loader, standings: Mapping[str, Standing]) -> Plan:
    kept = {name: there.record.files[name] for name in standings if name in there.record.files}
    strange = [name for name, standing in standings.items() if standing is Standing.FOREIGN]
    note = f"{_all(there, strange)} not ours, and stays: {loader.name} is used as it is there."
    missing = [name for name, standing in standings.items() if standing is Standing.ABSENT]
    warnings: tuple[str, ...] = ()
    if missing:
        warnings = (
            f"{there.directory} has {', '.join(strange)}, but not {', '.join(missing)}, which {loader.name} needs"
            f"{loader.version}: copy that from where the other one came, or let --force replace it.",
        )
    there_now = tuple(name for name, standing in standings.items() if standing is not Standing.ABSENT)
    return Plan(ours=kept, theirs=there_now, notes=(note,), warnings=warnings)


def _all(there: Tenants, names: Sequence[str]) -> str:
    return f"{' and '.join(str(there.directory / name) for name in names)} {'is' if len(names) == 1 else 'are'}"


def _configuration(there: Tenants, one: Configuration, force: bool) -> Plan:
    text = one.text.encode("utf-8", "surrogateescape")
    file = _File(str(one.path), text, hashlib.sha256(text).hexdigest())
    if force or there.standing(file.name, file.sha256) is not Standing.FOREIGN:
        return _put(there, [file])
    path = there.directory / one.path
    about = (f"{path} is not ours and was left as it is. {one.note}",) if one.note else ()
    if not one.section:
        return Plan(theirs=(file.name,), notes=about)
    if foreign.has_section(there.directory, path, one.section):
        told = f"{path} is not ours and was left as it is; it has our section already."
        return Plan(theirs=(file.name,), notes=(told, *about))
    warnings = tuple(foreign.clashes(there.directory, path, one.section))
    return Plan(theirs=(file.name,), notes=about, warnings=warnings, sections=((path, one.section),))


def _abandoned(there: Tenants, wanted: set[str], loaders: Sequence[Loader]) -> Plan:
    plan = Plan()
    for name, standing in there.abandoned(wanted, loaders):
        path = there.directory / name
        if standing is Standing.OURS:
            told = f"{path} was removed: an earlier run wrote it, and this one does not."
            plan += Plan((Change(name, None, before=there.record.files[name]),), notes=(told,))
        else:
            kept = backup_name(there.directory, name)
            told = (
                f"{path} was taken away: an earlier run wrote it, and this one does not. It {_edited(there, name)}, "
                f"and is kept as {kept}."
            )
            plan += Plan((Change(name, None, backup=kept),), notes=(told,))
    return plan


def _edited(there: Tenants, name: str) -> str:
    if name in there.record.files:
        return "was changed by somebody else since it was written"
    return "may have been changed by hand, for nothing here notes what was written to it"


def _put(there: Tenants, files: Sequence[_File]) -> Plan:
    """Replace these files, whoever wrote what is there."""
    plan = Plan()
    for file in files:
        path = there.directory / file.name
        before = digest(path)
        standing = there.standing(file.name, file.sha256)
        if standing is Standing.NO_FILE:
            raise Blocked(f"{path} is in the way: a folder or a device, where a file is to be written. Move it away.")
        if standing is Standing.SAME:
            ours = {file.name: file.sha256} if there.is_ours(file.name) else {}
            plan += Plan(ours=ours, in_place=(file.name,))
            continue
        kept, notes = None, tuple[str, ...]()
        if standing in (Standing.EDITED, Standing.FOREIGN):
            kept = backup_name(there.directory, file.name)
            reason = _edited(there, file.name) if standing is Standing.EDITED else "was not ours"
            notes = (f"{path} {reason}: it is kept as {kept}, and replaced.",)
        change = Change(file.name, file.content, file.sha256, kept, before)
        plan += Plan((change,), {file.name: file.sha256}, (file.name,), notes=notes)
    return plan
