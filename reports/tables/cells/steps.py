share = seen.assign(shown=(seen["seen"] > 0).astype("float64"), arm=seen["control"].map({True: "control", False: "action"}))
share.pivot_table(index=["gateway", "step"], columns="arm", values="shown", aggfunc="mean")
