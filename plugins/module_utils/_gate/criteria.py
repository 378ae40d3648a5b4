# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a candidate must have passed: our criteria, and the three kinds of file that rdo-infra's pipelines use.

- promoter files (also our own format): ``promotions: {<target>: {criteria: [...], ...}}``;
- component files: ``<target>: {<component>: [job, ...]}``;
- podified files: ``<target>: [job, ...]``.

Older promoter files have their settings below ``main``, and ``<target>: {job: null, ...}`` or ``<target>: [job, ...]``
beside ``promote_from: {<target>: <label>}``.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing as t

from .._module.errors import InvalidInput, NotFound

# Keys of a promotion that mean something here.
TARGET_KEYS = (
    "candidate_label",
    "criteria",
    "alternative_criteria",
    "max_age",
    "distros",
    "any_success",
    "accept_unbound",
)
GROUPS = ("any", "all", "at_least")
# Keys that rdo-infra/ci-config has at the top of criteria files and of the defaults it lays under them. They say where
# to promote from and to, which is not the gate's business: accepted, and reported as unused.
UNUSED_KEYS = (
    "allowed_clients",
    "api_url",
    "base_url",
    "config_root",
    "container_push_logfile",
    "containers",
    "containers_list_base_url",
    "containers_list_path",
    "create_previous",
    "db_data_file",
    "default_qcow_server",
    "distro",
    "distro_name",
    "distro_version",
    "dlrn",
    "dlrn_api_endpoint",
    "dlrn_api_host",
    "dlrn_api_port",
    "dlrn_api_scheme",
    "dlrnauth_username",
    "dockerfile_root",
    "dry_run",
    "environment_config_root",
    "global_config_root",
    "latest_hashes_count",
    "log_file",
    "log_level",
    "log_levels",
    "log_root",
    "manifest_push",
    "overcloud_images",
    "ppc_manifests",
    "promote_from",
    "promoter_user",
    "promotion_criteria_map",
    "promotion_steps_map",
    "registries",
    "release",
    "repo_url",
    "scenes",
    "source_namespace",
    "stage_config_file",
    "stage_info_file",
    "stage_info_path",
    "stage_root",
    "target_namespace",
    "target_registries_push",
    "username",
)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# Beyond it an age is a slip of the pen, and the moment when a decision ends may be in no calendar.
OLDEST = 3650 * SECONDS["d"]
DEEPEST = 5


@dataclasses.dataclass(frozen=True)
class Group:
    """Requirements of which ``count`` must be met.

    :param kind: any, all or at_least, as it was written.
    """

    kind: str
    count: int
    of: tuple[Requirement, ...]


# The name of a job, or a group.
Requirement = t.Union[str, Group]


@dataclasses.dataclass(frozen=True)
class Target:
    """What one promotion asks for.

    :param name: the label that is promoted to.
    :param requirements: all must be met.
    :param alternatives: jobs that stand in for a job, wherever that job is asked for.
    :param max_age: seconds that a vote may be old; None: any age.
    :param distros: one candidate for each must be there; empty: whichever are given.
    :param any_success: one success counts, whatever came after it; otherwise the newest vote counts.
    :param accept_unbound: votes that name no candidate count too. Votes of another candidate never do.
    """

    name: str
    requirements: tuple[Requirement, ...]
    candidate_label: str | None = None
    alternatives: t.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    max_age: float | None = None
    distros: tuple[str, ...] = ()
    any_success: bool = False
    accept_unbound: bool = False

    def jobs(self) -> set[str]:
        """Every job that is asked for, alternatives left out."""
        return {job for requirement in self.requirements for job in jobs_of(requirement)}


@dataclasses.dataclass(frozen=True)
class Criteria:
    """A criteria file.

    :param targets: by name of target; for a component file by component below it.
    :param unused: keys that were accepted and mean nothing here.
    """

    source: str
    targets: t.Mapping[str, Target | t.Mapping[str, Target]]
    unused: tuple[str, ...]

    def target(self, name: str, components: t.Sequence[str]) -> Target:
        """What promoting a candidate of ``components`` to ``name`` asks for.

        Where the file has criteria for each component, those of all of the candidate's components are put together.

        :raises NotFound: no such target, or no criteria for one of the components.
        """
        target = self.targets.get(name)
        if target is None:
            raise NotFound(
                f"The criteria {self.source} have no target {name!r}; they have {_listing(self.targets)}.", target=name
            )
        if isinstance(target, Target):
            return target
        if not components:
            raise NotFound(f"The criteria {self.source} for {name} are by component; the candidate has no components.")
        unknown = sorted(set(components) - set(target))
        if unknown:
            raise NotFound(
                f"The criteria {self.source} for {name} have no component {_listing(unknown)}; "
                f"they have {_listing(target)}.",
                components=unknown,
            )
        parts = [target[component] for component in sorted(set(components))]
        return Target(name, _unique([item for part in parts for item in part.requirements]))


def jobs_of(requirement: Requirement) -> list[str]:
    """The names of all jobs in ``requirement``."""
    if isinstance(requirement, str):
        return [requirement]
    return [job for part in requirement.of for job in jobs_of(part)]


def load_criteria(data: t.Any, source: str) -> Criteria:
    """Understand the content of a criteria file.

    :param data: as YAML gives it.
    :param source: path of the file, or what the option is called, for messages.
    :raises InvalidInput: naming source and key.
    """
    where = f"The criteria {source}"
    _mapping(data, where)
    unused = [key for key in data if key in UNUSED_KEYS]
    rest = {key: value for key, value in data.items() if key not in UNUSED_KEYS}
    older = "main" in rest
    if older:
        settings = _mapping(rest.pop("main"), f"{where}: main")
        for key in settings:
            if key not in UNUSED_KEYS:
                _refuse_key(key, UNUSED_KEYS, f"{where}: main")
        unused += [f"main.{key}" for key in settings]
    targets: dict[str, Target | t.Mapping[str, Target]] = {}
    if "promotions" in rest:
        found = rest.pop("promotions")
        for key, content in rest.items():
            if _is_target(content) or key in TARGET_KEYS:
                _refuse_slipped(key, where, "promotions" if _is_target(content) else "a target of promotions")
            _refuse_key(key, ("promotions", *UNUSED_KEYS), where)
        promotions = _mapping(found, f"{where}: promotions")
        for name, content in promotions.items():
            if name in TARGET_KEYS and not _is_target(content):
                _refuse_slipped(name, f"{where}: promotions", "the target it belongs to")
        for name, content in promotions.items():
            place = f"{where}: promotions.{name}"
            target = _parse_target(_name(name, f"{where}: a target of promotions"), _mapping(content, place), place)
            targets[name] = target
            unused += [
                f"promotions.{name}.alternative_criteria.{job}"
                for job in target.alternatives
                if job not in target.jobs()
            ]
    else:
        for name, content in rest.items():
            _name(name, f"{where}: a key")
            targets[name] = _parse_plain_target(name, content, where, older)
    if not targets:
        raise InvalidInput(f"{where} have no target: nothing could ever be promoted by them.")
    return Criteria(source, targets, tuple(sorted(unused)))


def _parse_plain_target(name: str, content: t.Any, where: str, older: bool) -> Target | dict[str, Target]:
    """A target of a podified file (a list of jobs) or of a component file (such lists by component).

    :param older: a mapping of jobs to nothing is a list of them.
    """
    known = ("promotions", *UNUSED_KEYS)
    if difflib.get_close_matches(name, known, 1, 0.85):
        _refuse_key(name, known, where)
    if _is_target(content):
        _refuse_slipped(name, where, "promotions")
    by_component = isinstance(content, dict) and bool(content)
    if by_component and older and all(jobs is None for jobs in content.values()):
        content, by_component = list(content), False
    lists = content if by_component else {None: content}
    for component, jobs in lists.items():
        if jobs is None:
            raise InvalidInput(
                f"{where}: {name}{f'.{component}' if by_component else ''} has no jobs; are all of them commented out? "
                "It would promote what nobody has tested. Take it out, or name a job."
            )
        if not isinstance(jobs, list):
            _refuse_key(name, known, where)
    if not by_component:
        return Target(name, _parse_list(content, f"{where}: {name}"))
    return {
        _name(component, f"{where}: a component of {name}"): Target(
            name, _parse_list(jobs, f"{where}: {name}.{component}")
        )
        for component, jobs in content.items()
    }


def _parse_target(name: str, data: dict[str, t.Any], where: str) -> Target:
    for key in data:
        if key not in TARGET_KEYS:
            _refuse_key(key, TARGET_KEYS, where)
    label = data.get("candidate_label")
    alternatives = data.get("alternative_criteria") or {}
    _mapping(alternatives, f"{where}.alternative_criteria")
    distros = data.get("distros") or []
    if not isinstance(distros, list):
        raise InvalidInput(f"{where}.distros is {distros!r}; a list of names is needed.")
    return Target(
        name,
        _parse_list(data.get("criteria"), f"{where}.criteria"),
        candidate_label=None if label is None else _name(label, f"{where}.candidate_label"),
        alternatives={
            _name(job, f"{where}.alternative_criteria"): _parse_jobs(others, f"{where}.alternative_criteria.{job}")
            for job, others in alternatives.items()
        },
        max_age=_parse_age(data.get("max_age"), f"{where}.max_age"),
        distros=tuple(sorted({_name(distro, f"{where}.distros") for distro in distros})),
        any_success=_flag(data, "any_success", where),
        accept_unbound=_flag(data, "accept_unbound", where),
    )


def _parse_list(data: t.Any, where: str, depth: int = 0) -> tuple[Requirement, ...]:
    """Requirements, each once. None at all would promote everything: that is an error."""
    if data is None:
        raise InvalidInput(
            f"{where} is None: there is no job in it; are all of them commented out? It would promote what nobody has "
            "tested. Take it out, or name a job."
        )
    if not isinstance(data, list):
        raise InvalidInput(f"{where} is {data!r:.80}; a list of jobs is needed.")
    if not data:
        raise InvalidInput(f"{where} is empty: it would promote what nobody has tested.")
    return _unique([_parse_requirement(item, f"{where}[{number}]", depth) for number, item in enumerate(data)])


def _parse_jobs(data: t.Any, where: str) -> tuple[str, ...]:
    requirements = _parse_list(data, where)
    for requirement in requirements:
        if not isinstance(requirement, str):
            raise InvalidInput(f"{where} has a group; only names of jobs can stand in for a job.")
    return tuple(job for requirement in requirements for job in jobs_of(requirement))


def _parse_requirement(data: t.Any, where: str, depth: int) -> Requirement:
    if not isinstance(data, dict):
        return _name(data, where)
    if depth >= DEEPEST:
        raise InvalidInput(f"{where}: groups lie more than {DEEPEST} deep.")
    if len(data) != 1:
        raise InvalidInput(f"{where} has the keys {_listing(data)}; a group has one of {_listing(GROUPS)}.")
    ((kind, content),) = data.items()
    if kind not in GROUPS:
        _refuse_key(kind, GROUPS, where)
    if kind != "at_least":
        of = _parse_list(content, f"{where}.{kind}", depth + 1)
        return Group(kind, 1 if kind == "any" else len(of), of)
    _mapping(content, f"{where}.at_least")
    for key in content:
        if key not in ("count", "of"):
            _refuse_key(key, ("count", "of"), f"{where}.at_least")
    of = _parse_list(content.get("of"), f"{where}.at_least.of", depth + 1)
    count = content.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= len(of):
        raise InvalidInput(
            f"{where}.at_least.count is {count!r}; a number from 1 to {len(of)}, how many different ones there are, "
            "is needed."
        )
    return Group(kind, count, of)


def _parse_age(value: t.Any, where: str) -> float | None:
    """Seconds: a number of them, or a number with s, m, h, d or w."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,12})([smhdw]?)", str(value)) if isinstance(value, (int, str)) else None
    if match is None or int(match.group(1)) == 0:
        raise InvalidInput(f"{where} is {value!r}; seconds, or a number with s, m, h, d or w such as 36h, are needed.")
    age = int(match.group(1)) * SECONDS[match.group(2) or "s"]
    if age > OLDEST:
        raise InvalidInput(f"{where} is {value!r}; at most {OLDEST // SECONDS['d']}d is an age of a vote.")
    return float(age)


def _flag(data: dict[str, t.Any], key: str, where: str) -> bool:
    value = data.get(key, False)
    if not isinstance(value, bool):
        raise InvalidInput(f"{where}.{key} is {value!r}; true or false is needed.")
    return value


def _name(value: t.Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise InvalidInput(f"{where} is {value!r}; a name on one line is needed.")
    return value


def _mapping(value: t.Any, where: str) -> dict[str, t.Any]:
    if not isinstance(value, dict) or not value and not where.endswith("alternative_criteria"):
        raise InvalidInput(f"{where}: {str(value)[:80]!r} is there; a mapping that is not empty is needed.")
    return value


def _is_target(content: t.Any) -> bool:
    """Whether it has what only a target of promotions has."""
    return isinstance(content, dict) and any(key in content for key in TARGET_KEYS)


def _refuse_slipped(key: t.Any, where: str, home: str) -> t.NoReturn:
    raise InvalidInput(
        f"{where}: {key!r} stands beside what it belongs in: indent it below {home}.",
        key=str(key),
    )


def _refuse_key(key: t.Any, known: t.Sequence[str], where: str) -> t.NoReturn:
    closest = difflib.get_close_matches(str(key), known, 1, 0.0)[0]
    raise InvalidInput(f"{where}: the key {key!r} is not known; the closest known key is {closest!r}.", key=str(key))


def _unique(requirements: t.Iterable[Requirement]) -> tuple[Requirement, ...]:
    return tuple(dict.fromkeys(requirements))


def _listing(names: t.Iterable[t.Any]) -> str:
    return ", ".join(sorted(str(name) for name in names))
