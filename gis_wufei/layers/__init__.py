"""Layers enter here, with a certificate or not at all."""

import gis_wufei.layers.allow  # noqa: F401 - first: GDAL's drivers are chosen before it loads
from gis_wufei.layers.certificate import Certificate, Layer, Layers, Remark
from gis_wufei.layers.gather import gather
from gis_wufei.layers.named import layer_of
from gis_wufei.layers.provenance import Provenance
from gis_wufei.layers.read import examine, open_layer
from gis_wufei.layers.spec import Column, LayerSpec, Role, roles

__all__ = [
    "Certificate",
    "Column",
    "Layer",
    "LayerSpec",
    "Layers",
    "Provenance",
    "Remark",
    "Role",
    "examine",
    "gather",
    "layer_of",
    "open_layer",
    "roles",
]
