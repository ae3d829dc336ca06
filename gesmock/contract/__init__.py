"""The contract of the service as an OpenAPI 3.1 document.

Each part of it names the page it comes from (``x-source``), and whether that page says so or
gesmock has concluded it (``x-fidelity``: documented, inferred).
"""

from gesmock.contract.document import service_document as service_document
