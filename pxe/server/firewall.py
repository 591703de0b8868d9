"""Does this machine's own firewall let the PCs' questions in? Said as far as it can be told from its rules.

The rules of nftables (`nft -j list ruleset`) and of the old tables (`iptables-legacy-save`) are walked for one packet:
a first one, over one interface, to one port, from the room's network. What is not understood of a rule makes it
uncertain. An uncertain acceptance before a drop is told as "may drop"; an uncertain drop is not told at all. Whether
questions really are dropped is seen while the server runs (`watching`). `nft_rules`, `legacy_rules` and `verdict` are
pure.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any

HOOKS = ("ingress", "prerouting", "input")
"""Where a packet to this machine passes; the chains of one hook in the order of their priority."""

_OLD_HOOKS = ("PREROUTING", "INPUT")
_TIMEOUT = 10


@dataclass(frozen=True)
class Packet:
    """The first packet of a PC: `network` is the room's, with this machine's address in it."""

    interface: str
    protocol: str
    port: int
    network: IPv4Interface


class Truth(Enum):
    """Whether a rule is for the packet."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True)
class Rule:
    """`then`: accept, drop, return, jump or goto; `chain`: where to. `named`: the rule names the packet's port."""

    match: Truth
    then: str
    chain: str = ""
    named: bool = False


@dataclass(frozen=True)
class Chain:
    """`policy` is "" for a chain that is only jumped to; `where` names it for a person."""

    rules: tuple[Rule, ...]
    policy: str = ""
    where: str = ""


Chains = dict[str, Chain]


@dataclass(frozen=True)
class Dropped:
    """Who drops a packet, and whether that is certain."""

    packet: Packet
    where: str
    certain: bool


def warnings(interface: str, server: IPv4Interface, ports: Iterable[tuple[str, int]]) -> list[str]:
    """A sentence for each port (with its protocol, udp or tcp) at which this machine's firewall is in the way."""
    return [sentence(told) for told in dropped([Packet(interface, *port, server) for port in ports])]


def dropped(packets: Iterable[Packet]) -> list[Dropped]:
    """Those that the rules of this machine drop, or may drop."""
    ruleset = _output("nft", "-j", "-n", "list", "ruleset")
    old = _output("iptables-legacy-save") if _has_old_tables() else ""
    found = []
    for packet in packets:
        for chains in (nft_rules(ruleset, packet), *legacy_rules(old, packet)):
            if told := verdict(chains, packet):
                found.append(told)
                break
    return found


def verdict(chains: Chains, packet: Packet) -> Dropped | None:
    """The first chain of a hook in which the packet ends, or may end."""
    for chain in (chain for chain in chains.values() if chain.policy):
        ends = {chain.policy if end == "return" else end for end in _walk(chain, chains, ())}
        if "drop" in ends:
            return Dropped(packet, chain.where, certain=ends == {"drop"})
    return None


def _walk(chain: Chain, chains: Chains, above: tuple[str, ...]) -> set[str]:
    """All that may become of the packet in the chain: accept, drop, or return."""
    ends: set[str] = set()
    for rule in chain.rules:
        certain = rule.match is Truth.YES
        if rule.match is Truth.NO or (rule.then == "drop" and not certain and not rule.named):
            continue
        if rule.then in {"jump", "goto"}:
            target = chains.get(rule.chain)
            inner = _walk(target, chains, (*above, rule.chain)) if target and rule.chain not in above else {"return"}
            ends |= inner - {"return"} if rule.then == "jump" else inner
            certain = certain and ("return" not in inner or rule.then == "goto")
        else:
            ends.add(rule.then)
        if certain:
            return ends
    return ends | {"return"}


# --- nftables: libnftables-json(5) --------------------------------------------------------------------------------


def nft_rules(text: str, packet: Packet) -> Chains:
    """The chains that IPv4 packets pass, those of the hooks in the order in which they are passed."""
    try:
        entries = json.loads(text)["nftables"] if text else []
    except (ValueError, KeyError, TypeError):
        return {}
    rules: dict[str, list[Rule]] = {}
    heads: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if (head := entry.get("chain")) and head["family"] in {"ip", "inet", "netdev"}:
            heads[_key(head, head["name"])] = head
        if (rule := entry.get("rule")) and _key(rule, rule["chain"]) in heads:
            rules.setdefault(_key(rule, rule["chain"]), []).extend(_nft_rule(rule, packet))
    order = sorted(heads, key=lambda key: _place(heads[key]))
    return {key: _nft_chain(heads[key], rules.get(key, []), packet) for key in order}


def _key(entry: dict[str, Any], chain: str) -> str:
    return f"{entry['family']} {entry['table']} {chain}"


def _place(head: dict[str, Any]) -> tuple[int, int]:
    hook = head.get("hook")
    return (
        HOOKS.index(hook) if hook in HOOKS else len(HOOKS),
        head["prio"] if isinstance(head.get("prio"), int) else 0,
    )


def _nft_chain(head: dict[str, Any], rules: list[Rule], packet: Packet) -> Chain:
    devices = head.get("dev", packet.interface)
    here = head.get("hook") in HOOKS and packet.interface in ([devices] if isinstance(devices, str) else devices)
    where = f"nftables: table {head['family']} {head['table']}, chain {head['name']}"
    return Chain(tuple(rules), head.get("policy", "accept") if here and head.get("type") == "filter" else "", where)


def _nft_rule(rule: dict[str, Any], packet: Packet) -> Iterator[Rule]:
    truth, named = Truth.YES, False
    for part in rule.get("expr", []):
        kind, value = next(iter(part.items()))
        if kind == "match":
            found = _nft_match(value["left"], value.get("op", "=="), value["right"], packet)
            named = named or ("dport" in json.dumps(value["left"]) and found is Truth.YES)
            truth = min(truth, found, key=lambda one: one.value)
        elif kind == "vmap":
            yield from _nft_map(value, truth, rule, packet)
        elif kind in {"accept", "drop", "reject", "return", "jump", "goto", "queue"}:
            yield _then(kind, value, rule, truth, named)
        elif kind == "xt" and isinstance(value, dict) and value.get("name") == "REJECT":  # of iptables-nft(8)
            yield _then("reject", None, rule, truth, named)
        elif kind not in {"counter", "log", "comment", "notrack", "mangle"}:
            truth = min(truth, Truth.MAYBE, key=lambda one: one.value)


def _then(kind: str, value: Any, rule: dict[str, Any], truth: Truth, named: bool) -> Rule:
    target = _key(rule, value["target"]) if kind in {"jump", "goto"} else ""
    return Rule(truth, {"reject": "drop", "queue": "accept"}.get(kind, kind), target, named)


def _nft_map(value: dict[str, Any], truth: Truth, rule: dict[str, Any], packet: Packet) -> Iterator[Rule]:
    data = value.get("data")
    for one in data.get("set", []) if isinstance(data, dict) else []:
        if isinstance(one, list) and len(one) == 2 and isinstance(one[1], dict):
            found = min(truth, _nft_match(value["key"], "==", one[0], packet), key=lambda each: each.value)
            kind, inner = next(iter(one[1].items()))
            yield _then(kind, inner, rule, found, "dport" in json.dumps(value["key"]))


def _nft_match(left: Any, operator: str, right: Any, packet: Packet) -> Truth:
    subject = json.dumps(left)
    tests: tuple[tuple[str, Callable[[Any], Truth]], ...] = (
        (r'"key": "iif(name)?"', lambda one: _truth(fnmatchcase(packet.interface, str(one)))),
        (r'"key": "(l4proto|protocol)"|"field": "protocol"', lambda one: _truth(_is_protocol(one, packet))),
        (r'"key": "nfproto"', lambda one: _truth(one in {"ipv4", 2})),
        (r'"protocol": "(udp|tcp|th)", "field": "dport"', lambda one: _port(left, one, packet)),
        (r'"protocol": "(?!udp|tcp|th|ip")\w+"', lambda one: Truth.NO),
        (r'"key": "state"', lambda one: _truth(one in {"new", 8})),
        (r'"protocol": "ip", "field": "saddr"', lambda one: _within(one, packet.network.network)),
        (r'"protocol": "ip", "field": "daddr"', lambda one: _within(one, IPv4Network(packet.network.ip))),
    )
    for pattern, test in tests:
        if re.search(pattern, subject):
            found = max((test(one) for one in _values(right)), key=lambda one: one.value, default=Truth.MAYBE)
            return {"!=": Truth(2 - found.value)}.get(operator, found)
    return Truth.MAYBE


def _values(right: Any) -> Sequence[Any]:
    if isinstance(right, dict) and "set" in right:
        return list(right["set"])
    return right if isinstance(right, list) else [right]


def _truth(value: bool) -> Truth:
    return Truth.YES if value else Truth.NO


def _is_protocol(one: Any, packet: Packet) -> bool:
    return one in {packet.protocol, {"udp": 17, "tcp": 6}[packet.protocol]} or one in {"ip", 2048}


def _port(left: Any, one: Any, packet: Packet) -> Truth:
    if left["payload"]["protocol"] not in {packet.protocol, "th"}:
        return Truth.NO
    if isinstance(one, dict) and "range" in one:
        return _truth(one["range"][0] <= packet.port <= one["range"][1])
    return _truth(one == packet.port) if isinstance(one, int) else Truth.MAYBE


def _within(one: Any, network: IPv4Network) -> Truth:
    if isinstance(one, dict) and "prefix" in one:
        one = f"{one['prefix']['addr']}/{one['prefix']['len']}"
    try:
        other = IPv4Network(one, strict=False)
    except (ValueError, TypeError):
        return Truth.MAYBE
    return Truth.YES if network.subnet_of(other) else Truth.MAYBE if network.overlaps(other) else Truth.NO


# --- the old tables: iptables-save(8) -----------------------------------------------------------------------------


def legacy_rules(text: str, packet: Packet) -> Iterator[Chains]:
    """The chains of each table; those of the hooks in the order in which they are passed."""
    for table in re.findall(r"^\*(?!nat)(\w+)\n(.*?)^COMMIT", text, re.MULTILINE | re.DOTALL):
        name, lines = table[0], table[1].splitlines()
        policies = dict(re.findall(r"^:(\S+) (\S+)", table[1], re.MULTILINE))
        rules: dict[str, list[Rule]] = {chain: [] for chain in policies}
        for words in (line.split() for line in lines if line.startswith("-A ")):
            rules.setdefault(words[1], []).extend(_old_rule(words[2:], packet))
        order = sorted(rules, key=lambda chain: _OLD_HOOKS.index(chain) if chain in _OLD_HOOKS else len(_OLD_HOOKS))
        yield {
            chain: Chain(
                tuple(rules[chain]),
                policies.get(chain, "-").lower() if chain in _OLD_HOOKS else "",
                f"iptables-legacy: table {name}, chain {chain}",
            )
            for chain in order
        }


def _old_rule(words: Sequence[str], packet: Packet) -> Iterator[Rule]:
    truth, named, then = Truth.YES, False, ""
    rest, negated = iter(words), False
    for word in rest:
        if word == "!":
            negated = True
            continue
        value = next(rest, "") if word.startswith("-") else word
        if word in {"-j", "-g"}:
            then = value if word == "-j" else f"goto {value}"
            break  # what follows belongs to the target
        found = _old_match(word, value, packet)
        named = named or ("--dport" in word and found is Truth.YES)
        truth = min(truth, Truth(2 - found.value) if negated else found, key=lambda one: one.value)
        negated = False
    ends = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "drop", "RETURN": "return", "QUEUE": "accept"}
    if then in ends:
        yield Rule(truth, ends[then], "", named)
    elif then and then.upper() not in {"LOG", "NFLOG", "MARK", "CONNMARK", "CT", "TRACE", "NOTRACK", "CHECKSUM", "TOS"}:
        kind, _, chain = then.rpartition(" ")
        yield Rule(truth, kind or "jump", chain, named)


def _old_match(option: str, value: str, packet: Packet) -> Truth:
    if option == "-m":
        return Truth.YES if value in {"udp", "tcp", "multiport", "conntrack", "state", "comment"} else Truth.MAYBE
    if option == "-i":
        return _truth(fnmatchcase(packet.interface, value.replace("+", "*")))
    if option == "-p":
        return _truth(value in {packet.protocol, "all"})
    if option in {"--dport", "--dports"}:
        ends = [part.partition(":") for part in value.split(",")]
        return _truth(any(int(low or 0) <= packet.port <= int(high or (low if not colon else 65535))
                          for low, colon, high in ends))  # fmt: skip
    if option in {"--ctstate", "--state"}:
        return _truth("NEW" in value.split(","))
    if option == "-s":
        return _within(value, packet.network.network)
    if option == "-d":
        return _within(value, IPv4Network(packet.network.ip))
    return Truth.YES if option == "--comment" else Truth.MAYBE


# --- this machine -------------------------------------------------------------------------------------------------


def _has_old_tables() -> bool:
    try:
        return bool(Path("/proc/net/ip_tables_names").read_text().strip())
    except OSError:
        return False


def _output(program: str, *words: str) -> str:
    """What the program says; "" where it is not there, or fails: then nothing can be told."""
    path = shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if path is None:
        return ""
    try:
        done = subprocess.run([path, *words], capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout


# --- words --------------------------------------------------------------------------------------------------------


def sentence(told: Dropped) -> str:
    """What is dropped, by whom, and how to let it in."""
    packet = told.packet
    may = "drops" if told.certain else "may drop"
    return (
        f"the firewall of this machine {may} {packet.protocol.upper()} port {packet.port} on {packet.interface} "
        f"({told.where}): let it in, e.g. `{_remedy(told)}`."
    )


def _remedy(told: Dropped) -> str:
    packet = told.packet
    if "firewalld" in told.where:
        return f"firewall-cmd --add-port={packet.port}/{packet.protocol}"
    if "nftables" in told.where:
        family, table, chain = re.findall(r"table (\S+) (\S+), chain (\S+)", told.where)[0]
        device = "" if family == "netdev" else f"iifname {packet.interface} "
        port = "" if packet.interface == "lo" else f"{packet.protocol} dport {packet.port} "
        return f"nft insert rule {family} {table} {chain} {device}{port}accept"
    table = re.findall(r"table (\S+),", told.where)[0]
    chain = told.where.rpartition(" ")[2]
    return (
        f"iptables-legacy -t {table} -I {chain} -i {packet.interface} -p {packet.protocol} --dport {packet.port} "
        "-j ACCEPT"
    )
