package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const (
	maxClients  = 32               // at a time; one more ends the one that waits longest for its client
	crowdTime   = time.Second      // for which that one has waited at least
	maxLive     = 8                // of them, those whose command takes its time
	maxAttend   = 8                // of them, those of terminals that have a line
	requestTime = 5 * time.Second  // within which a client must send its request
	commandTime = 10 * time.Second // within which the backend must answer
	replyTime   = time.Minute      // within which a client must have taken the reply
	acceptPause = 100 * time.Millisecond
)

// Serve answers the commands that come in on a listener until ctx ends; then it closes the listener, cuts the connections
// there are and returns nil. The listener may be any one, but who can connect to it can command the router.
func Serve(ctx context.Context, l net.Listener, b Backend, info Info) error {
	ctx, cancel := context.WithCancel(ctx)
	s := server{b, info, make(chan struct{}, maxLive), make(chan struct{}, maxAttend)}
	var clients sync.WaitGroup
	unhook := context.AfterFunc(ctx, func() { l.Close() })
	err := s.accept(ctx, l, &clients)
	unhook()
	cancel()
	clients.Wait()
	if cerr := l.Close(); !errors.Is(cerr, net.ErrClosed) {
		err = errors.Join(err, cerr)
	}
	return err
}

// server answers connections. It is immutable.
type server struct {
	backend Backend
	info    Info
	live    chan struct{} // filled by the commands that take their time
	attend  chan struct{} // filled by the terminals that have a line
}

// accept starts a goroutine for each connection until ctx ends.
func (s server) accept(ctx context.Context, l net.Listener, clients *sync.WaitGroup) error {
	slots := make(chan struct{}, maxClients)
	var there crowd
	for {
		conn, err := l.Accept()
		for taken := false; err == nil && !taken; {
			select {
			case slots <- struct{}{}:
				taken = true
			case <-ctx.Done():
				conn.Close()
				return nil
			case <-time.After(acceptPause): // the slots are taken, perhaps by clients that send nothing and take nothing
				there.thin(time.Now())
			}
		}
		switch {
		case err == nil:
			c := there.add(conn)
			clients.Go(func() {
				defer func() { there.remove(c); <-slots }()
				s.serve(ctx, c)
			})
			continue
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		}
		select { // the system lacks something, as descriptors: it may pass
		case <-time.After(acceptPause):
		case <-ctx.Done():
		}
	}
}

// serve answers one request. Whatever goes wrong with the connection ends it: there is nobody to tell.
func (s server) serve(ctx context.Context, conn *client) {
	defer conn.Close()
	now := time.Now()
	if conn.SetReadDeadline(now.Add(requestTime)) != nil || conn.SetWriteDeadline(now.Add(replyTime)) != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	sh := &shell{backend: s.backend, info: s.info}
	kind, line, err := readFrame(conn, maxSettings)
	if err == nil && kind == frameSettings {
		sh.settings = parseSettings(string(line))
		kind, line, err = readFrame(conn, maxLine)
	}
	if err != nil || len(line) > maxLine {
		return
	}
	switch kind { // these wait as long as they like: there are few of them
	case frameMonitor:
		sh.monitor(ctx, conn.Conn)
		return
	case frameAttend:
		s.attended(ctx, conn.Conn)
		return
	}
	if line := s.info.Lines.find(sh.settings.line); line != nil {
		line.Use()
	}
	reply := &reply{conn: conn.Conn, slots: s.live, text: bufio.NewWriterSize(textWriter{conn}, maxText)}
	defer reply.end()
	sh.reply = reply
	result, err := sh.answer(ctx, kind, string(line), reply)
	if err == nil {
		err = reply.text.Flush()
	}
	if err == nil {
		_ = writeFrame(conn, result, []byte(sh.settings.String()))
	}
}

// answer writes the text of the reply to a request, and gives the frame that ends it.
func (s *shell) answer(ctx context.Context, k frameKind, line string, w io.Writer) (frameKind, error) {
	text := ""
	switch k {
	case frameExecute, frameTyped, frameConfirm:
		s.confirmed = k == frameConfirm
		o, err := s.execute(ctx, line, k != frameExecute, w)
		return outcomeFrames[o], err
	case frameHelp:
		if text = help(clean(line), s.settings.user); s.configuring() {
			text = s.configHelp(clean(line))
		}
	case frameComplete:
		if text = complete(clean(line), s.settings.user); s.configuring() {
			text = s.configComplete(clean(line))
		}
	case framePrompt:
		text = s.prompt()
	default:
		return 0, errFrame
	}
	_, err := io.WriteString(w, text)
	return frameDone, err
}

// outcomeFrames is the frame for each outcome.
var outcomeFrames = [...]frameKind{done: frameDone, refused: frameRefused, left: frameLeft, raising: frameRaising, lowering: frameLowering, watching: frameWatching, unwatching: frameUnwatching, asking: frameAsking}
