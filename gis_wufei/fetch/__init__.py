"""Public data is brought in here, each set once and with its origin beside it; a run never comes this way."""

from gis_wufei.fetch.bring import bring
from gis_wufei.fetch.record import Made
from gis_wufei.fetch.sources import Source, sources

__all__ = ["Made", "Source", "bring", "sources"]
