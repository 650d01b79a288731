# The whole recording: events by channel, commands as lines.
for gateway, rows in events.groupby("gateway"):
    channels = rows["channel"] + ":" + rows["port"].astype("string") + "/" + rows["transport"]
    names = list(channels.value_counts().index[:12])
    rows = rows[channels.isin(names)]
    y = channels[rows.index].map({name: i for i, name in enumerate(names)}).astype("float64")
    fig, axes = plt.subplots(figsize=(12, 0.35 * len(names) + 1.5))
    for trial in trials[trials["gateway"] == gateway].itertuples():
        if not pd.isna(trial.trial_at):
            axes.axvline(trial.trial_at, color="0.85" if trial.control else "tab:blue", linewidth=1)
    marked = rows["step"].notna().astype(bool)
    axes.scatter(rows["captured_at"][~marked], y[~marked], s=8, color="0.5")
    axes.scatter(rows["captured_at"][marked], y[marked], s=20, color="tab:red")
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_title(f"{gateway}: timeline; blue lines are commands{MARK}", parse_math=False)
    fig.tight_layout()
