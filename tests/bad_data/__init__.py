"""Bad data: real images with one attribute broken at a time; right, degraded with a warning, or refused with tag and clause."""
