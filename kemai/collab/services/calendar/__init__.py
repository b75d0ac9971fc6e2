"""What stands on a calendar: layers that apps contribute, days and weeks out of them, and feeds for other programs."""

from kemai.collab.services.calendar.layers import Event, Layer, Span, add_layer, layers_for, read

__all__ = ["Event", "Layer", "Span", "add_layer", "layers_for", "read"]
