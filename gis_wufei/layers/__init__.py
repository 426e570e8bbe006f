"""Layers enter here, with a certificate or not at all."""

from gis_wufei.layers.certificate import Certificate, Layer, Layers, Remark
from gis_wufei.layers.gather import gather
from gis_wufei.layers.read import open_layer
from gis_wufei.layers.spec import Column, LayerSpec, Role, roles

__all__ = ["Certificate", "Column", "Layer", "LayerSpec", "Layers", "Remark", "Role", "gather", "open_layer", "roles"]
