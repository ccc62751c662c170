"""The images of the test cluster, made from files of this machine: no engine, no base image, no registry.

An image is a list of layers, a layer a tar file; both are plain files in a store, which
`tools/cluster/registry.py` serves. What an image needs is copied from where it is already: the Python that
runs this, with the libraries it loads; packages at the versions of our lock file; munshi from the clone.

    layers.py    files into a layer, once for each content
    store.py     layers into images, under names
    python.py    the layers that have Python in them
    recipes.py   the images
"""
