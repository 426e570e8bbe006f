"""Every formula that a study may name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gis_wufei.demand.area import PerAreaDemand
from gis_wufei.demand.crops import CropResidueDemand
from gis_wufei.demand.people import PerPersonDemand
from gis_wufei.demand.reported import ReportedDemand

# A new formula: one class in a file of this folder, one entry here.
DemandSpec = Annotated[
    PerPersonDemand | CropResidueDemand | ReportedDemand | PerAreaDemand, Field(discriminator="formula")
]
