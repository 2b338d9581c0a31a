package annotate

import (
	"strings"
	"testing"

	"github.com/epicurve/epicurve/pkg/crash"
)

const (
	id  = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	uid = "11111111-2222-3333-4444-555555555555"
)

func TestParseCgroup(t *testing.T) {
	for text, want := range map[string][2]string{
		"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + strings.ReplaceAll(uid, "-", "_") + ".slice/cri-containerd-" + id + ".scope\n": {id, uid},
		"0::/kubepods/burstable/pod" + uid + "/" + id + "\n":                                          {id, uid},
		"12:memory:/kubepods/pod" + uid + "/" + id + "\n11:cpu:/kubepods/pod" + uid + "/" + id + "\n": {id, uid},
		"0::/system.slice/docker-" + id + ".scope\n":                                                  {id, ""},
		"0::/docker/" + id + "\n":                                                                     {id, ""},
		"0::/system.slice/web.service\n":                                                              {"", ""},
		"0::/user.slice/" + id + "00\n":                                                               {"", ""},
		"nonsense":                                                                                    {"", ""},
	} {
		container, pod := ParseCgroup(text)
		if container != want[0] || pod != want[1] {
			t.Errorf("%q: %q %q, want %q", text, container, pod, want)
		}
	}
}

func TestContainerOf(t *testing.T) {
	kube := "0::/kubepods/burstable/pod" + uid + "/" + id + "\n"
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  crash.Container
	}{
		{"by the container's log", map[string]string{
			"proc/42/comm": "web\n", "proc/42/cgroup": kube, "var/log/containers/web-7_shop_server-" + id + ".log": "",
		}, crash.Container{ID: id, Namespace: "shop", Pod: "web-7"}},
		{"by the pod's directory", map[string]string{
			"proc/42/comm": "web\n", "proc/42/cgroup": kube, "var/log/pods/shop_web-7_" + uid + "/server/0.log": "",
		}, crash.Container{ID: id, Namespace: "shop", Pod: "web-7"}},
		{"no logs", map[string]string{"proc/42/comm": "web\n", "proc/42/cgroup": kube}, crash.Container{ID: id}},
		{"the pid is another process's by now", map[string]string{"proc/42/comm": "bash\n", "proc/42/cgroup": kube}, crash.Container{}},
		{"gone", nil, crash.Container{}},
	} {
		if got := ContainerOf(roots(t, tc.files), 42, "web"); got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
}
