"""The report: a plan goes in; tables, a GeoPackage and the record of the run come out, whole or not at all."""

from gis_wufei.report.certificate import (
    certificate_json,
    facts_of,
    fault_json,
    remarks_of,
    verdict_of,
    write_certificate,
)
from gis_wufei.report.folder import Writer, publish, target_folder
from gis_wufei.report.geodata import CLASSES, land_codes, straight_lines, write_gpkg
from gis_wufei.report.grounds import costs_left_out
from gis_wufei.report.manifest import summary_json
from gis_wufei.report.sheets import write_csv, write_xlsx
from gis_wufei.report.table import Table
from gis_wufei.report.tables import TABLES, all_tables, summary_table

__all__ = [
    "CLASSES",
    "TABLES",
    "Table",
    "Writer",
    "all_tables",
    "certificate_json",
    "costs_left_out",
    "facts_of",
    "fault_json",
    "land_codes",
    "publish",
    "remarks_of",
    "straight_lines",
    "summary_json",
    "summary_table",
    "target_folder",
    "verdict_of",
    "write_certificate",
    "write_csv",
    "write_gpkg",
    "write_xlsx",
]
