"""The kinds as they travel: what people write, what is stored, what `kubectl` shows.

First stop of the journey. `v1beta1` of the group `kubeflow.org` is home; the older dialect v1alpha3 is read
into it (`dialect`). Text stays text here, exactly as sent; `space` and `metrics` make values of it. Whether
a document is *meaningful* is for `admission` to judge: this room only knows its shape (`decode`) and where
in the author's file each field stands (`source`).
"""
