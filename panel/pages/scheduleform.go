package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/timetable"
)

// scheduleFormPage is the page on which a schedule is made or changed.
type scheduleFormPage struct {
	frame
	Form scheduleForm
	// Action is where the form posts; Editing tells of a schedule that is there.
	Action  string
	Editing bool
	// Words and Next say what the form's times mean, when they can be read.
	Words string
	Next  []time.Time
}

// scheduleForm is the form as people fill it in.
type scheduleForm struct {
	Name, When, Cron, At, Zone, Missed, Retries string
	Task                                        startForm
	Paused                                      bool
	Revision                                    string
	Problems                                    desk.Problems
}

// momentLayout is how browsers write an instant without a zone.
const momentLayout = "2006-01-02T15:04"

func readScheduleForm(v url.Values) scheduleForm {
	return scheduleForm{
		Name: v.Get("name"), When: v.Get("when"), Cron: v.Get("cron"), At: v.Get("at"), Zone: v.Get("zone"), Missed: v.Get("missed"),
		Retries: v.Get("retries"), Task: readStart(v), Paused: v.Get("paused") != "", Revision: v.Get("revision"),
	}
}

func formOf(s store.Schedule) scheduleForm {
	f := scheduleForm{
		Name: s.Name, When: "cron", Cron: s.Cron, Zone: s.Zone, Missed: string(s.Missed), Retries: strconv.Itoa(s.Retries),
		Paused: s.Paused, Revision: strconv.Itoa(s.Revision),
		Task: startForm{Kind: "experiment", Experiment: s.Task.Experiment, Gateways: s.Task.Gateways, Tags: strings.Join(s.Task.Tags, ", ")},
	}
	if s.Task.Seed != 0 {
		f.Task.Seed = strconv.FormatUint(s.Task.Seed, 10)
	}
	if s.Task.Idle != 0 {
		f.Task.Kind, f.Task.Idle = "idle", s.Task.Idle.String()
	}
	if s.Cron == "" {
		f.When = "once"
		if zone, err := timetable.Zone(s.Zone); err == nil {
			f.At = s.At.In(zone).Format(momentLayout)
		}
	}
	return f
}

// schedule reads the form; what is wrong is then in its Problems.
func (f *scheduleForm) schedule(id string) store.Schedule {
	s := store.Schedule{ID: id, Name: f.Name, Zone: strings.TrimSpace(f.Zone), Missed: store.MissedPolicy(f.Missed), Paused: f.Paused}
	s.Task = f.Task.task()
	f.Problems = slices.Clone(f.Task.Problems)
	wrong := func(field, text string) { f.Problems = append(f.Problems, desk.Problem{Field: field, Text: text}) }
	var err error
	if f.When == "once" {
		if s.At, err = f.moment(); err != nil {
			wrong("at", "write a day and a time, such as 2026-11-24T03:00")
		}
	} else {
		s.Cron = f.Cron
	}
	if s.Retries, err = strconv.Atoi(f.Retries); err != nil && f.Retries != "" {
		wrong("retries", "it must be a whole number from 0 to "+strconv.Itoa(desk.MostRetries))
	}
	if s.Revision, err = strconv.Atoi(f.Revision); err != nil && id != "" {
		wrong("name", "the form is not whole; open it again")
	}
	return s
}

func (f *scheduleForm) moment() (time.Time, error) {
	zone, err := timetable.Zone(strings.TrimSpace(f.Zone))
	if err != nil {
		return time.Time{}, err
	}
	at := strings.TrimSpace(f.At)
	if t, err := time.ParseInLocation(momentLayout, at, zone); err == nil {
		return t, nil
	}
	return time.ParseInLocation(momentLayout+":05", at, zone)
}

func (p *pages) newSchedule(c *gin.Context) {
	q := c.Request.URL.Query()
	form := scheduleForm{When: "cron", Cron: "0 3 * * *", Missed: string(store.SkipMissed), Retries: "1", Task: readStart(q)}
	if q.Get("cron") != "" {
		form.Cron = q.Get("cron")
	}
	p.drawScheduleForm(c, http.StatusOK, form)
}

func (p *pages) editSchedule(c *gin.Context) {
	s, err := p.Store.Schedule(c.Request.Context(), c.Param("id"))
	if err != nil {
		p.fail(c, err)
		return
	}
	p.drawScheduleForm(c, http.StatusOK, formOf(s))
}

func (p *pages) drawScheduleForm(c *gin.Context, status int, form scheduleForm) {
	page := scheduleFormPage{Form: form, Action: "/schedule/new"}
	title := "New schedule"
	if id := c.Param("id"); id != "" {
		page.Editing, page.Action, title = true, "/schedule/"+id, "Change a schedule"
	}
	page.frame = p.frame(c, "schedule", title, "schedule.js")
	if page.Form.Zone == "" {
		page.Form.Zone = page.Zone.String()
	}
	at, _ := page.Form.moment()
	s := store.Schedule{Zone: page.Form.Zone}
	if page.Form.When == "once" {
		s.At = at
	} else {
		s.Cron = page.Form.Cron
	}
	row := scheduleRow{Schedule: s}
	row.when(page.Now)
	page.Words, page.Next = row.Words, row.Next
	p.show(c, status, "scheduleform", page)
}

func (p *pages) createSchedule(c *gin.Context) { p.keepSchedule(c, "") }
func (p *pages) changeSchedule(c *gin.Context) { p.keepSchedule(c, c.Param("id")) }

func (p *pages) keepSchedule(c *gin.Context, id string) {
	if err := c.Request.ParseForm(); err != nil {
		p.fail(c, desk.Problems{{Field: "form", Text: "the form cannot be read"}})
		return
	}
	form := readScheduleForm(c.Request.PostForm)
	s := form.schedule(id)
	if c.PostForm("show") != "" || len(form.Problems) > 0 {
		status := http.StatusOK
		if len(form.Problems) > 0 {
			status = http.StatusUnprocessableEntity
		}
		p.drawScheduleForm(c, status, form)
		return
	}
	s, err := p.SaveSchedule(c.Request.Context(), s, access.Who(c).Name)
	switch {
	case errors.As(err, &form.Problems):
		p.drawScheduleForm(c, http.StatusUnprocessableEntity, form)
	case errors.Is(err, store.ErrChanged):
		form.Problems = desk.Problems{{Field: "form", Text: "somebody has changed this schedule meanwhile; open it again and repeat the change"}}
		p.drawScheduleForm(c, http.StatusConflict, form)
	case err != nil:
		p.fail(c, err)
	default:
		done(c, "/schedule", "“"+s.Name+"” is saved.")
	}
}
