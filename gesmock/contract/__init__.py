"""The contract of the service as an OpenAPI 3.1 document: data, and what settings change in it.

Each part of it names the page it comes from (``x-source``), and whether that page states it or
gesmock has concluded it (``x-fidelity``: documented, inferred). This room imports ``model`` only.
"""

from gesmock.contract.document import service_document as service_document
