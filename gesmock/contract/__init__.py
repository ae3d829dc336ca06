"""The contract of the service as an OpenAPI 3.1 document: data, and what settings change in it.

Each part of it names the page that it comes from (``x-source``), and says whether that page states
it or it is inferred (``x-fidelity``: documented, inferred). This room imports ``model`` only.
"""

from gesmock.contract.document import service_document as service_document
