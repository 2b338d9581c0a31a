package scan

import (
	"archive/zip"
	"encoding/json"
	"io"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// beside is what core-dump-handler (github.com/IBM/core-dump-handler, its
// composer) puts beside a core: what the kernel told of the crash, and what the
// container runtime's client crictl says of the pod, its containers and their
// images. Every file may be missing, and every value in it.
type beside struct {
	dump struct {
		Timestamp string `json:"timestamp"`     // %t, seconds since the epoch
		Host      string `json:"hostname"`      // %h, which in a pod is the pod's name
		Exe       string `json:"exe"`           // %e
		PID       string `json:"real_pid"`      // %p
		Node      string `json:"node_hostname"` // of the machine
		Namespace string `json:"namespace"`
		Pod       string `json:"podname"`
	}
	pod  podInfo
	run  struct{ Status podInfo }
	ps   struct{ Containers []containerInfo }
	imgs []imageInfo
}

type podInfo struct {
	ID       string
	Metadata struct{ Name, Namespace string }
	Labels   map[string]string
}

type containerInfo struct {
	ID       string
	Image    struct{ Image, UserSpecifiedImage string }
	ImageRef string
	Metadata struct{ Name string }
}

type imageInfo struct {
	RepoTags, RepoDigests []string
}

// maxReport bounds one JSON file.
const maxReport = 4 << 20

// besideIn reads the reports of an archive. A report that can't be read is as
// one that is missing: the core counts.
func besideIn(z *zip.Reader) beside {
	var b beside
	for _, f := range z.File {
		switch {
		case strings.HasSuffix(f.Name, "-dump-info.json"):
			report(f, &b.dump)
		case strings.HasSuffix(f.Name, "-pod-info.json"):
			report(f, &b.pod)
		case strings.HasSuffix(f.Name, "-runtime-info.json"):
			report(f, &b.run)
		case strings.HasSuffix(f.Name, "-ps-info.json"):
			report(f, &b.ps)
		case strings.HasSuffix(f.Name, "-image-info.json"):
			var image imageInfo
			report(f, &image)
			b.imgs = append(b.imgs, image)
		}
	}
	return b
}

func report(f *zip.File, into any) {
	rc, err := f.Open()
	if err != nil {
		return
	}
	defer rc.Close()
	_ = json.NewDecoder(io.LimitReader(rc, maxReport)).Decode(into) // see besideIn
}

// annotate takes over what the reports say.
func (b *beside) annotate(r *crash.Record) {
	setTime(r, b.dump.Timestamp)
	setPID(r, b.dump.PID)
	set := func(at *string, values ...string) {
		for _, v := range values {
			if *at == "" && v != "unknown" {
				*at = v
			}
		}
	}
	set(&r.Process.Executable, b.dump.Exe)
	set(&r.Host.Name, b.dump.Node)
	set(&r.Container.Node, b.dump.Node)
	set(&r.Container.Namespace, b.pod.Metadata.Namespace, b.run.Status.Metadata.Namespace, b.dump.Namespace)
	set(&r.Container.Pod, b.pod.Metadata.Name, b.run.Status.Metadata.Name, b.dump.Pod, b.dump.Host)
	labels := b.pod.Labels
	if labels == nil {
		labels = b.run.Status.Labels
	}
	set(&r.Process.ServiceName, labels["app.kubernetes.io/name"], labels["app"])
	set(&r.Process.ServiceVersion, labels["app.kubernetes.io/version"])
	// Of several containers nobody noted which one crashed.
	if len(b.ps.Containers) == 1 {
		c := b.ps.Containers[0]
		set(&r.Container.ID, c.ID)
		set(&r.Container.Image, c.Image.UserSpecifiedImage)
		if len(b.imgs) > 0 {
			set(&r.Container.Image, b.imgs[0].name())
		}
		set(&r.Container.Image, c.Image.Image, c.ImageRef)
	} else if len(b.ps.Containers) == 0 && len(b.imgs) == 1 {
		set(&r.Container.Image, b.imgs[0].name())
	}
}

// name is the image's first tag, else its first digest.
func (i imageInfo) name() string {
	for _, names := range [][]string{i.RepoTags, i.RepoDigests} {
		if len(names) > 0 {
			return names[0]
		}
	}
	return ""
}
