"""Tests over the whole product; those of one package stand beside it."""
