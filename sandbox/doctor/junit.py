"""The report as JUnit XML, which every CI reads: a test case for each check and each finding."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from sandbox.doctor.report import Report

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> bytes:
    """Give the XML document. A finding that is broken is a failure; one that is not is output."""
    broken = [finding for finding in report.findings if finding.severity == "broken"]
    lost = [one for one in report.checks if one.result == "failed"]
    skipped = [one for one in report.checks if one.result == "not applicable"]
    suite = ET.Element(
        "testsuite",
        name=_text(f"sandbox doctor {report.url}"),
        tests=str(len(report.checks) + len(report.findings)),
        failures=str(len(broken) + len(lost)),
        errors="0",
        skipped=str(len(skipped)),
        time=f"{sum(one.seconds for one in report.exchanges):.3f}",
    )
    for one in report.checks:
        case = ET.SubElement(suite, "testcase", classname=f"checks.{one.step}", name=_text(f"{one.id}: {one.checked}"))
        if one.result == "failed":
            ET.SubElement(case, "failure", type=one.id, message=_text(one.evidence))
        elif one.result == "not applicable":
            ET.SubElement(case, "skipped", message=_text(one.evidence))
        else:
            ET.SubElement(case, "system-out").text = _text(f"{one.result}: {one.evidence}")
    for finding in report.findings:
        case = ET.SubElement(suite, "testcase", classname=f"findings.{finding.step}", name=_text(finding.id))
        text = _text(f"{finding.title}\n{finding.happened}\n{finding.why}\nChange: {finding.change}")
        if finding.severity == "broken":
            ET.SubElement(case, "failure", type=finding.id, message=_text(finding.title)).text = text
        else:
            ET.SubElement(case, "system-out").text = f"{finding.severity}: {text}"
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True))


def _text(text: str) -> str:
    """Give a text with what XML cannot hold replaced (XML 1.0, section 2.2)."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
