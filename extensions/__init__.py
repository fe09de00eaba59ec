"""Jinja filters behind the questions of `copier.yml`: small functions from text to text.

Copier loads each file here on its own, so no file may import another.
"""
