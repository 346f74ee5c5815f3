"""Plug-ins for semvet of somebody who has never read its tests."""
