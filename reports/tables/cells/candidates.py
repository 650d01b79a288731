candidates.sort_values(["gateway", "p", "raw_p"]).head(20)
