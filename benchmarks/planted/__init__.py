"""Synthetic data sets whose truth is known, one file for each family of estimators and tests."""
