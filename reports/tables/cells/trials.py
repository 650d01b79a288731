trials["arm"] = trials["control"].map({True: "control", False: "action"})
trials.groupby(["gateway", "arm"])[["packets", "bytes", "events", "steps_seen"]].agg(["mean", "median", "max"])
