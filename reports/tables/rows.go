package tables

import "time"

// Of each row type, the parquet tag names the column (and tells whether it can
// be empty), doc says what it means. Columns of instants end in _at, of
// durations in their unit.

// A Trial is a row of the table trials.
type Trial struct {
	Run         string    `parquet:"run,dict" doc:"the run's ID"`
	Simulated   bool      `parquet:"simulated" doc:"true: made from a simulated lab; evidence for nothing about real gateways"`
	Gateway     string    `parquet:"gateway,dict" doc:"the device under test"`
	Slot        int32     `parquet:"slot" doc:"the slot's number in the plan, from 1, as in the report; run.json counts from 0"`
	Control     bool      `parquet:"control" doc:"true: a control slot, in which nothing was sent"`
	Action      string    `parquet:"action,optional,dict" doc:"what the command asked for: on or off; empty for controls"`
	Repeat      bool      `parquet:"repeat" doc:"true: the command asked for the state that the light was already in"`
	Light       string    `parquet:"light,optional,dict" doc:"the bridge's number of the light; empty for controls"`
	Planned     time.Time `parquet:"planned_at,optional,timestamp(nanosecond)" doc:"the slot's planned instant, by the controller's clock"`
	Begun       time.Time `parquet:"begun_at,optional,timestamp(nanosecond)" doc:"when sending began, or was withheld, by the controller's clock"`
	Sent        time.Time `parquet:"sent_at,optional,timestamp(nanosecond)" doc:"when the last byte of the request was written, by the controller's clock; empty where nothing was"`
	Answered    time.Time `parquet:"answered_at,optional,timestamp(nanosecond)" doc:"when the first byte of the bridge's answer came, by the controller's clock"`
	Confirmed   time.Time `parquet:"confirmed_at,optional,timestamp(nanosecond)" doc:"when the effect was witnessed, by the controller's clock"`
	ConfirmedBy string    `parquet:"confirmed_by,optional,dict" doc:"the witness: event-stream, read-back (proves only that the bridge accepted the command) or none"`
	Outcome     string    `parquet:"outcome,dict" doc:"done, failed, unknown (it may have been carried out), withheld (controls) or skipped (not reached, or not ready in time)"`
	LatenessNS  int64     `parquet:"lateness_ns" doc:"begun after planned, in nanoseconds of the monotonic clock"`
	At          time.Time `parquet:"trial_at,optional,timestamp(nanosecond)" doc:"the instant from which delays count, by the controller's clock: sent_at, or begun_at where nothing was sent; empty for slots that the run did not reach"`
	WindowNS    int64     `parquet:"window_ns" doc:"the length of the window, in nanoseconds"`
	Packets     *int64    `parquet:"packets,optional" doc:"the gateway's packets in the window; empty for slots that the run did not reach"`
	Bytes       *int64    `parquet:"bytes,optional" doc:"their bytes on the wire, link header included"`
	Events      *int64    `parquet:"events,optional" doc:"the gateway's events in the window: rows of the table events with this slot"`
	StepsSeen   *int64    `parquet:"steps_seen,optional" doc:"how many steps of the pattern occurred in the window; the table seen has each"`
}

// A Sighting is a row of the table seen.
type Sighting struct {
	Run       string `parquet:"run,dict" doc:"the run's ID"`
	Simulated bool   `parquet:"simulated" doc:"true: made from a simulated lab; evidence for nothing about real gateways"`
	Gateway   string `parquet:"gateway,dict" doc:"the device under test"`
	Slot      int32  `parquet:"slot" doc:"the slot's number, from 1"`
	Control   bool   `parquet:"control" doc:"true: a control slot, in which nothing was sent"`
	Action    string `parquet:"action,optional,dict" doc:"on or off; empty for controls"`
	Step      int32  `parquet:"step" doc:"the step's number in the pattern, from 1"`
	Seen      int32  `parquet:"seen" doc:"events of the step in the slot's window"`
	DelayNS   *int64 `parquet:"delay_ns,optional" doc:"from the trial's instant to the first of them, in nanoseconds; empty where there is none"`
}

// A Step is a row of the table steps.
type Step struct {
	Run         string  `parquet:"run,dict" doc:"the run's ID"`
	Simulated   bool    `parquet:"simulated" doc:"true: made from a simulated lab; evidence for nothing about real gateways"`
	Gateway     string  `parquet:"gateway,dict" doc:"the device under test"`
	Step        int32   `parquet:"step" doc:"the step's number in the gateway's pattern, from 1, in order of median delay"`
	Scope       string  `parquet:"scope,dict" doc:"who can see it: internet, bridge, phone or lan"`
	Channel     string  `parquet:"channel,dict" doc:"the far end by TLS server name, DNS name or address; * for all of a scope"`
	Transport   string  `parquet:"transport,dict" doc:"tcp, udp or icmp"`
	Port        int32   `parquet:"port" doc:"the server's port"`
	Direction   string  `parquet:"direction,dict" doc:"out: sent by the gateway; in: received by it"`
	Kind        string  `parquet:"kind,dict" doc:"what sort of event, as in the table events"`
	Detail      string  `parquet:"detail,optional" doc:"what lengths cannot tell, such as the name and type of a DNS question"`
	LengthMin   int64   `parquet:"length_min" doc:"least length over the action trials, in bytes of the kind's unit (TLS: the record's length field)"`
	LengthMax   int64   `parquet:"length_max" doc:"largest such length"`
	FrameMin    int64   `parquet:"frame_min" doc:"least length of the frame that completed the event, in bytes on the wire"`
	FrameMax    int64   `parquet:"frame_max" doc:"largest such length"`
	DelayMS     float64 `parquet:"delay_ms" doc:"median delay after the command, in milliseconds"`
	DelayIQRMS  float64 `parquet:"delay_iqr_ms" doc:"interquartile range of the delay, in milliseconds"`
	Seen        int32   `parquet:"seen" doc:"action trials that show the step, of those that were done and confirmed"`
	Of          int32   `parquet:"of" doc:"action trials that were done and confirmed"`
	SeenControl int32   `parquet:"seen_control" doc:"control trials that show it"`
	OfControl   int32   `parquet:"of_control" doc:"control trials"`
	Core        bool    `parquet:"core" doc:"true: comes with (nearly) every action"`
	P           float64 `parquet:"p" doc:"adjusted p of the step's class of events"`
}

// An Event is a row of the table events.
type Event struct {
	Run       string    `parquet:"run,dict" doc:"the run's ID"`
	Simulated bool      `parquet:"simulated" doc:"true: made from a simulated lab; evidence for nothing about real gateways"`
	Gateway   string    `parquet:"gateway,dict" doc:"the device under test"`
	Captured  time.Time `parquet:"captured_at,timestamp(nanosecond)" doc:"when the frame that completed the event was captured, by the capturing host's clock"`
	AfterNS   int64     `parquet:"after_ns" doc:"the same since the recording's first frame, in nanoseconds"`
	Scope     string    `parquet:"scope,dict" doc:"who can see it: internet, bridge, phone or lan"`
	Channel   string    `parquet:"channel,dict" doc:"the far end by TLS server name, DNS name or address"`
	Transport string    `parquet:"transport,dict" doc:"tcp, udp or icmp"`
	Port      int32     `parquet:"port" doc:"the server's port"`
	Peer      string    `parquet:"peer,optional,dict" doc:"the far end's address"`
	Direction string    `parquet:"direction,dict" doc:"out: sent by the gateway; in: received by it"`
	Kind      string    `parquet:"kind,dict" doc:"tls-record, datagram, tcp-message, flow-start, flow-end, client-hello, dns-question, icmp or multicast"`
	Detail    string    `parquet:"detail,optional" doc:"what lengths cannot tell, such as the name and type of a DNS question"`
	Length    int64     `parquet:"length" doc:"in bytes of the kind's unit: TLS the record's length field, datagrams and messages their payload; 0 where the kind has none"`
	Frame     int64     `parquet:"frame_bytes" doc:"length of the frame that completed the event, in bytes on the wire"`
	Payload   int64     `parquet:"payload_bytes" doc:"length of that frame's transport payload, in bytes"`
	Number    int64     `parquet:"frame_number" doc:"that frame's number within its file of the recording, as Wireshark's frame.number"`
	Slot      int32     `parquet:"slot,optional" doc:"number of the slot whose window holds the event, from 1; empty outside every window"`
	DelayNS   *int64    `parquet:"delay_ns,optional" doc:"since that slot's instant, clocks aligned, in nanoseconds; empty outside every window"`
	Step      int32     `parquet:"step,optional" doc:"number of the pattern's step that the event belongs to, from 1; empty for none. Events can match a step outside the windows, too"`
}

// A Candidate is a row of the table candidates.
type Candidate struct {
	Run       string  `parquet:"run,dict" doc:"the run's ID"`
	Simulated bool    `parquet:"simulated" doc:"true: made from a simulated lab; evidence for nothing about real gateways"`
	Gateway   string  `parquet:"gateway,dict" doc:"the device under test"`
	Scope     string  `parquet:"scope,dict" doc:"who can see it: internet, bridge, phone or lan"`
	Channel   string  `parquet:"channel,dict" doc:"far end:port/transport; * for all of a scope"`
	Direction string  `parquet:"direction,dict" doc:"out: sent by the gateway; in: received by it"`
	Kind      string  `parquet:"kind,dict" doc:"what sort of event, as in the table events"`
	Detail    string  `parquet:"detail,optional" doc:"what lengths cannot tell, such as the name and type of a DNS question"`
	LengthMin int64   `parquet:"length_min" doc:"least length of the class, in bytes of the kind's unit"`
	LengthMax int64   `parquet:"length_max" doc:"largest length of the class"`
	Feature   string  `parquet:"feature,dict" doc:"what was compared per trial: presence, count or bytes"`
	Observed  float64 `parquet:"observed" doc:"the statistic of the trials as they were"`
	RawP      float64 `parquet:"raw_p" doc:"p of this candidate alone"`
	P         float64 `parquet:"p" doc:"p adjusted for all candidates; this one counts"`
}

// A Verdict is a row of the table verdicts.
type Verdict struct {
	Run         string   `parquet:"run,dict" doc:"the run's ID"`
	Simulated   bool     `parquet:"simulated" doc:"true: made from a simulated lab; evidence for nothing about real gateways"`
	Experiment  string   `parquet:"experiment,dict" doc:"the experiment's name"`
	Gateway     string   `parquet:"gateway,dict" doc:"the device under test"`
	Kind        string   `parquet:"kind,optional,dict" doc:"what it is, in the words of the configuration"`
	Verdict     string   `parquet:"verdict,dict" doc:"cloud-visible, lan-visible, not-detected or inconclusive"`
	Exploratory bool     `parquet:"exploratory" doc:"true: made with other parameters than were registered before the first command"`
	Link        string   `parquet:"link,dict" doc:"what shows that the gateway is linked to the light: shown, stated or not shown"`
	P           *float64 `parquet:"p,optional" doc:"smallest adjusted p over the scopes that decide; empty when nothing could be tested"`
	Alpha       float64  `parquet:"alpha" doc:"the level at which a mark counts as shown"`
	Candidates  int32    `parquet:"candidates" doc:"how many candidates were tested"`
	Packets     int64    `parquet:"packets" doc:"the gateway's packets in the recording"`
	Bytes       int64    `parquet:"bytes" doc:"their bytes on the wire"`
	Reasons     string   `parquet:"reasons" doc:"why the verdict is what it is, one sentence after the other"`
}
