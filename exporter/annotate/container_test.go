package annotate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/crash"
)

const (
	id  = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	id2 = "ffff456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	uid = "11111111-2222-3333-4444-555555555555"
)

// Paths as the drivers of containerd, CRI-O, Docker, Podman and systemd make
// them, of both versions of cgroups.
func TestParseCgroup(t *testing.T) {
	under := strings.ReplaceAll(uid, "-", "_")
	for text, want := range map[string]Cgroup{
		"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + under + ".slice/cri-containerd-" + id + ".scope\n":                      {Container: id, Pod: uid},
		"0::/kubepods.slice/kubepods-pod" + under + ".slice/crio-" + id + ".scope/container\n":                                                         {Container: id, Pod: uid},
		"0::/kubepods.slice/kubepods-pod" + under + ".slice/crio-conmon-" + id + ".scope\n":                                                            {Pod: uid},
		"0::/kubepods/burstable/pod" + uid + "/" + id + "\n":                                                                                           {Container: id, Pod: uid},
		"0::/kubepods/pod0123456789abcdef0123456789abcdef/" + id + "\n":                                                                                {Container: id, Pod: "0123456789abcdef0123456789abcdef"},
		"12:memory:/kubepods/pod" + uid + "/" + id + "\n11:cpu:/kubepods/pod" + uid + "/" + id + "\n1:name=systemd:/system.slice/containerd.service\n": {Container: id, Pod: uid},
		"1:name=systemd:/system.slice/containerd.service/kubepods-besteffort-pod" + under + ".slice:cri-containerd:" + id + "\n":                       {Container: id, Pod: uid},
		"0::/system.slice/docker-" + id + ".scope\n":                                                                                                   {Container: id},
		"0::/system.slice/docker-" + id + ".scope/init.scope\n":                                                                                        {Container: id},
		"0::/docker/" + id + "\n": {Container: id},
		"0::/docker/" + id + "/kubelet.slice/kubelet-kubepods-pod" + under + ".slice/cri-containerd-" + id2 + ".scope\n": {Container: id2, Pod: uid}, // kind
		"0::/../../kubepods/pod" + uid + "/" + id + "\n":                                                                 {Container: id, Pod: uid},  // seen from within a cgroup namespace
		"0::/machine.slice/libpod-" + id + ".scope\n":                                                                    {Container: id},
		"0::/machine.slice/libpod-conmon-" + id + ".scope\n":                                                             {},
		"0::/docker/" + id + " (deleted)\n":                                                                              {Container: id},
		"0::/system.slice/web.service\n":                                                                                 {Unit: "web.service"},
		"0::/system.slice/system-web.slice/web@1.service\n":                                                              {Unit: "web@1.service"},
		"/system.slice/web.service":                                                                                      {Unit: "web.service"}, // as in the journal
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/mail.service\n":                                      {Unit: "mail.service"},
		"0::/user.slice/user-1000.slice/session-3.scope\n":                                                               {},
		"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n":                                                  {},
		"0::/user.slice/" + id + "00\n":                                                                                  {},
		"5:cpuset:/\n1:name=systemd:/system.slice/web.service\n0::/\n":                                                   {Unit: "web.service"},
		"nonsense": {},
		"":         {},
	} {
		if got := ParseCgroup(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

const dumping = "Name:\tweb\nState:\tD (disk sleep)\nNSpid:\t42\t1\nUid:\t1000\t1001\t1001\t1001\nCoreDumping:\t1\n"

// Trees of files as the runtimes leave them, with the command lines and
// environments that they hold as well.
var (
	containerd = `{"ociVersion":"1.1.0","process":{"args":["/bin/web","--password=hunter2"],"env":["TOKEN=hunter2"]},
		"annotations":{"io.kubernetes.cri.container-name":"server","io.kubernetes.cri.container-type":"container",
		"io.kubernetes.cri.image-name":"registry.example:5000/shop/web:1.4.2","io.kubernetes.cri.sandbox-id":"` + id2 + `",
		"io.kubernetes.cri.sandbox-name":"web-7","io.kubernetes.cri.sandbox-namespace":"shop"}}`
	crio = `{"ociVersion":"1.0.2","id":"` + id + `","status":"running","pid":42,"annotations":{"io.kubernetes.container.name":"server",
		"io.kubernetes.cri-o.ImageName":"registry.example/shop/web@sha256:abc","io.kubernetes.pod.name":"web-7","io.kubernetes.pod.namespace":"shop",
		"io.kubernetes.cri-o.Labels":"{\"app.kubernetes.io/name\":\"shop-web\",\"app.kubernetes.io/version\":\"2.0\"}"}}`
	dockerState = `{"ID":"` + id + `","Name":"/shop_web_1","Args":["--password=hunter2"],"Config":{"Env":["TOKEN=hunter2"],"Cmd":["x"],
		"Image":"web:latest","Labels":{"com.docker.compose.service":"web","org.opencontainers.image.version":"3.1"}}}`
)

func TestOrigins(t *testing.T) {
	kube := "0::/kubepods/burstable/pod" + uid + "/" + id + "\n"
	pod := crash.Container{ID: id, Namespace: "shop", Pod: "web-7"}
	withImage := func(c crash.Container, image string) crash.Container { c.Image = image; return c }
	for _, tc := range []struct {
		name   string
		status string
		files  map[string]string
		want   Origin
	}{
		{"containerd", dumping, map[string]string{
			"proc/42/cgroup": kube, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/config.json": containerd,
		}, Origin{Container: withImage(pod, "registry.example:5000/shop/web:1.4.2"), ContainerName: "server", Service: "server", Version: "1.4.2"}},
		{"k3s", dumping, map[string]string{
			"proc/42/cgroup": kube, "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/config.json": containerd,
		}, Origin{Container: withImage(pod, "registry.example:5000/shop/web:1.4.2"), ContainerName: "server", Service: "server", Version: "1.4.2"}},
		{"CRI-O", dumping, map[string]string{
			"proc/42/cgroup": "0::/kubepods.slice/crio-" + id + ".scope\n",
			"run/containers/storage/overlay-containers/" + id + "/userdata/state.json": crio,
		}, Origin{Container: withImage(pod, "registry.example/shop/web@sha256:abc"), ContainerName: "server", Service: "shop-web", Version: "2.0"}},
		{"CRI-O, by what is kept over a reboot", dumping, map[string]string{
			"proc/42/cgroup": kube, "var/lib/containers/storage/overlay-containers/" + id + "/userdata/config.json": crio,
		}, Origin{Container: withImage(pod, "registry.example/shop/web@sha256:abc"), ContainerName: "server", Service: "shop-web", Version: "2.0"}},
		{"Docker", dumping, map[string]string{
			"proc/42/cgroup": "0::/system.slice/docker-" + id + ".scope\n", "var/lib/docker/containers/" + id + "/config.v2.json": dockerState,
		}, Origin{Container: crash.Container{ID: id, Image: "web:latest"}, ContainerName: "shop_web_1", Service: "web", Version: "3.1"}},
		{"by the container's log", dumping, map[string]string{
			"proc/42/cgroup": kube, "var/log/containers/web-7_shop_server-" + id + ".log": "",
		}, Origin{Container: pod}},
		{"by the pod's directory", dumping, map[string]string{
			"proc/42/cgroup": kube, "var/log/pods/shop_web-7_" + uid + "/server/0.log": "",
		}, Origin{Container: pod}},
		{"no state and no logs", dumping, map[string]string{"proc/42/cgroup": kube}, Origin{Container: crash.Container{ID: id}}},
		{"broken state", dumping, map[string]string{
			"proc/42/cgroup": kube, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/config.json": `{"annotations":{"io.`,
		}, Origin{Container: crash.Container{ID: id}}},
		{
			"a unit", dumping,
			map[string]string{"proc/42/cgroup": "0::/system.slice/system-web.slice/web@eu\\x2d1.service\n"},
			Origin{Unit: `web@eu\x2d1.service`, Service: "web"},
		},
		{"it has just ended", "Name:\tweb\nState:\tZ (zombie)\nCoreDumping:\t0\n", map[string]string{"proc/42/cgroup": "0::/docker/" + id + "\n"}, Origin{Container: crash.Container{ID: id}}},
		{"an old kernel", "Name:\tweb\nState:\tD\n", map[string]string{"proc/42/cgroup": "0::/docker/" + id + "\n"}, Origin{Container: crash.Container{ID: id}}},
		{"another process that dumps core", strings.Replace(dumping, "web", "bash", 1), map[string]string{"proc/42/cgroup": kube}, Origin{}},
		{"a process that dumps no core", strings.Replace(dumping, "Dumping:\t1", "Dumping:\t0", 1), map[string]string{"proc/42/cgroup": kube}, Origin{}},
		{"gone", "", nil, Origin{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := roots(t, tc.files)
			if tc.status != "" {
				if err := os.WriteFile(filepath.Join(r.Proc, "42/status"), []byte(tc.status), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			names, err := NewNames(r, []string{"core.%e.%P"})
			if err != nil {
				t.Fatal(err)
			}
			o := NewOrigins(r, names)
			const path = "/cores/core.web.42"
			o.Appeared(path)
			if err := os.RemoveAll(filepath.Join(r.Proc, "42")); err != nil { // long gone when the core is read
				t.Fatal(err)
			}
			for _, pid := range []int64{42, 1} { // as the host and as the container know it
				want := tc.want
				if pid == 1 && !strings.Contains(tc.status, "NSpid") {
					want = Origin{}
				}
				if diff := cmp.Diff(want, o.OfCore(path, pid, "web", 0)); diff != "" {
					t.Errorf("pid %d (-want +got):\n%s", pid, diff)
				}
			}
			if got := o.OfCore(path, 7, "web", 0); got != (Origin{}) {
				t.Errorf("a core of another process got %+v", got)
			}
			if got := o.OfCore(path, 42, "web", 1001); strings.Contains(tc.status, "Uid") && got != tc.want {
				t.Errorf("a core of the process's user got %+v", got)
			}
			if got := o.OfCore(path, 42, "web", 1002); got != (Origin{}) {
				t.Errorf("a core of another user got %+v", got)
			}
		})
	}
}

// A container's state is read ahead, since it goes with the container.
func TestStatesAreReadAhead(t *testing.T) {
	dir := "run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id
	r := roots(t, map[string]string{dir + "/config.json": containerd})
	o := NewOrigins(r, &Names{})
	now := time.Unix(1767225600, 0)
	o.now = func() time.Time { return now }
	o.Refresh()
	if err := os.RemoveAll(filepath.Join(r.Run, "containerd")); err != nil {
		t.Fatal(err)
	}
	if got := o.OfCgroup("/docker/" + id); got.Container.Image != "registry.example:5000/shop/web:1.4.2" {
		t.Errorf("%+v", got)
	}
	now = now.Add(keepFor + time.Minute)
	o.Refresh()
	if len(o.containers) != 0 {
		t.Errorf("%d containers are remembered for ever", len(o.containers))
	}
}

// A process that nobody could look at while it dumped core is known from before;
// one that still runs left no core, whatever a file says.
func TestProcessesAreReadAhead(t *testing.T) {
	r := roots(t, map[string]string{
		"proc/42/status": strings.Replace(dumping, "Dumping:\t1", "Dumping:\t0", 1), "proc/42/cgroup": "0::/system.slice/web.service\n",
	})
	o := NewOrigins(r, &Names{})
	now := time.Unix(1767225600, 0)
	o.now = func() time.Time { return now }
	o.Refresh()
	const path = "/cores/core"
	if got := o.OfCore(path, 42, "web", 1001); got != (Origin{}) {
		t.Errorf("it still runs, but got %+v", got)
	}
	if err := os.RemoveAll(filepath.Join(r.Proc, "42")); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		pid   int64
		comm  string
		owner uint32
		want  string
	}{{42, "web", 1002, ""}, {42, "bash", 1001, ""}, {43, "web", 1001, ""}, {42, "web", 1001, "web.service"}} {
		if got := o.OfCore(path, tc.pid, tc.comm, tc.owner); got.Unit != tc.want {
			t.Errorf("%+v: %+v", tc, got)
		}
	}
	now = now.Add(keepFor + time.Minute)
	o.Refresh()
	if len(o.living.processes) != 0 || len(o.processes) != 0 {
		t.Errorf("%d processes are remembered for ever", len(o.living.processes))
	}
}

// A pid that another process took is noticed within a number of rounds.
func TestReusedPid(t *testing.T) {
	r := roots(t, map[string]string{"proc/42/status": "Name:\ta\nState:\tS\nCoreDumping:\t0\n", "proc/42/cgroup": "0::/system.slice/a.service\n"})
	o := NewOrigins(r, &Names{})
	o.Refresh()
	if err := os.WriteFile(filepath.Join(r.Proc, "42/status"), []byte("Name:\tb\nState:\tS\nCoreDumping:\t0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range rereadEvery {
		o.Refresh()
	}
	if got := o.living.processes[42].comm; got != "b" {
		t.Errorf("pid 42 is still %q", got)
	}
}

// What an origin writes, and what it leaves alone.
func TestOriginAnnotate(t *testing.T) {
	r := crash.Record{Container: crash.Container{Node: "n1", Cluster: "c1"}, Process: crash.Process{ServiceName: "configured"}}
	Origin{Container: crash.Container{ID: id, Pod: "web-7"}, ContainerName: "server", Service: "server", Version: "1"}.Annotate(&r)
	want := crash.Record{
		Container: crash.Container{ID: id, Pod: "web-7", Node: "n1", Cluster: "c1"}, Process: crash.Process{ServiceName: "configured"},
		Attributes: map[string]string{"k8s.container.name": "server"},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r = crash.Record{}
	Origin{Unit: "web@1.service", Service: "web"}.Annotate(&r)
	want = crash.Record{Process: crash.Process{ServiceName: "web"}, Attributes: map[string]string{"systemd.unit": "web@1.service"}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
