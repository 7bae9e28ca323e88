"""Success learned from outcomes: what is known of them, the fitting, its evidence, and the proposals that staff decide on."""
