"""Figures of variants that stay valid while they are watched. Pure."""
