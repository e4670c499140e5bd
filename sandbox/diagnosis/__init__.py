"""What went wrong, read from the wire alone."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.diagnosis import (  # noqa: F401 - each adds its rules
    authorization,
    authorization_answers,
    authorization_pages,
    challenge,
    challenge_front,
    cors,
    failing,
    jwks,
    messages,
    messages_moved,
    messages_scopes,
    network,
    refresh,
    refresh_answers,
    registration,
    registration_answers,
    resource_metadata,
    resource_metadata_document,
    server_metadata,
    server_metadata_fields,
    server_metadata_places,
    session,
    session_checks,
    session_tokens,
    token,
    token_answers,
)
from sandbox.diagnosis.clients import told_apart
from sandbox.diagnosis.evidence import Evidence
from sandbox.diagnosis.finding import RULES, Finding, Proof, Rule, Severity
from sandbox.flow import STEPS
from sandbox.wire.exchange import Exchange

__all__ = ["Finding", "diagnose"]

_SEVERITIES: tuple[Severity, ...] = ("broken", "risky", "harmless")


def diagnose(exchanges: Iterable[Exchange], now: float | None = None) -> list[Finding]:
    """Give what is wrong, for each client: what broke first of all, then what is risky, then what did no harm.

    `now` is the time of a trace that still grows, in seconds since the epoch; None says that it is complete. A sound
    trace gives nothing that is broken.
    """
    found: list[Finding] = []
    for name, theirs in told_apart(exchanges):
        evidence = Evidence(theirs, now)
        about = [finding for rule in RULES if (finding := _looked(rule, evidence, name)) is not None]
        if not any(finding.severity == "broken" for finding in about):
            unnamed = _looked(failing.UNNAMED, evidence, name)
            about += [unnamed] if unnamed else []
        found += about
    return sorted(found, key=_rank)


def _looked(rule: Rule, evidence: Evidence, name: str) -> Finding | None:
    proof = rule.look(evidence)
    return None if proof is None else _finding(rule, proof, evidence, name)


def _finding(rule: Rule, proof: Proof, evidence: Evidence, name: str) -> Finding:
    return Finding(
        id=rule.id,
        step=proof.step or rule.step,
        severity=_severity(rule, proof, evidence),
        side=rule.side,
        title=rule.title,
        happened=proof.happened,
        why=rule.why,
        change=rule.change,
        references=rule.references,
        exchanges=tuple(exchange.number for exchange in proof.exchanges),
        client=name,
    )


def _severity(rule: Rule, proof: Proof, evidence: Evidence) -> Severity:
    since = max((exchange.number for exchange in proof.exchanges), default=0)
    past = proof.went_on or evidence.got_past(proof.step or rule.step, since)
    if rule.risky or (past and proof.risky):
        return "risky"
    return "harmless" if past else "broken"


def _rank(finding: Finding) -> tuple[int, int, int]:
    return _SEVERITIES.index(finding.severity), STEPS.index(finding.step), min(finding.exchanges, default=0)
