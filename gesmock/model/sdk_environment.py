"""The environment in which code that uses the vendor's SDK calls a fake."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

# The regions that the vendor's SDK has for this service (huaweicloudsdkges 3.1, ges_region.py).
_REGIONS: Final = (
    *("AP_SOUTHEAST_1", "AP_SOUTHEAST_3", "CN_EAST_3", "CN_NORTH_1", "CN_NORTH_2", "CN_NORTH_4"),
    *("CN_SOUTH_1", "EU_WEST_101", "RU_MOSCOW_1"),
)


def sdk_environment(url: str, project_id: str, present: Mapping[str, str]) -> dict[str, str]:
    """The variables to set, or to change in the *present* environment, for the fake at *url*.

    They name keys, the project, and the endpoints of IAM and of every region of the service, and
    exempt the fake from proxies.
    """
    host = urlsplit(url).hostname or ""
    local = ",".join(dict.fromkeys(("127.0.0.1", "localhost", host)))
    proxies = {name: present.get(name) for name in ("NO_PROXY", "no_proxy")}
    return {
        "HUAWEICLOUD_SDK_AK": "gesmock-access-key",
        "HUAWEICLOUD_SDK_SK": "gesmock-secret-key",
        "HUAWEICLOUD_SDK_PROJECT_ID": project_id,
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": url,
        **{f"HUAWEICLOUD_SDK_REGION_GES_{region}": url for region in _REGIONS},
        **{name: f"{value},{local}" if value else local for name, value in proxies.items()},
    }
