"""The connection check for the operator's pages."""

from collections.abc import Sequence

from confer.check import prepare
from confer.check.examination import Wishes
from confer.check.findings import GROUPS
from confer.check.prepare import OurSide
from confer.check.report import WHO
from confer.check.run import examine
from launch.ports import ClientSecrets, Site
from runtime.settings_schema import Settings
from smartapp.gateway.check_site import CheckedLine, CheckSite


def checker(settings: Settings, secrets: ClientSecrets) -> CheckSite:
    """Return the check of one site with the gateway's own keys; nobody signs in, nothing is
    written."""

    def check(site: Site, patient_id: str | None) -> Sequence[CheckedLine]:
        exam = prepare.examination(
            settings,
            site,
            Wishes(patient_id=patient_id),
            ours=OurSide(secrets=secrets, has_keys=True),
            registered=True,
        )
        return [
            CheckedLine(
                group=GROUPS[finding.known.group],
                level=finding.level,
                says=finding.says,
                means=finding.known.means,
                who=WHO[finding.known.who],
                fix=finding.known.fix,
                code=finding.code,
            )
            for finding in examine(exam).findings
        ]

    return check
