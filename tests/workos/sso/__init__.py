"""Tests of classic single sign-on."""
