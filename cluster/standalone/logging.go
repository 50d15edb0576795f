package standalone

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weir-streams/weir/cluster"
)

// log4j writes to the file that -Dlog.file names, in a bounded number of parts.
const log4j = `monitorInterval = 30
rootLogger.appenderRef.file.ref = File
logger.shaded_zookeeper.name = org.apache.flink.shaded.zookeeper3
logger.shaded_zookeeper.level = WARN
logger.netty.name = org.jboss.netty.channel.DefaultChannelPipeline
logger.netty.level = OFF
appender.file.name = File
appender.file.type = RollingFile
appender.file.fileName = ${sys:log.file}
appender.file.filePattern = ${sys:log.file}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 32MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 2
`

// console writes to standard output too, which is the log of a pod.
const console = `rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = Console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
`

// log4jOf is the configuration of Log4j for the levels that are wanted, or the
// whole one that is.
func log4jOf(l cluster.Logging, pod bool) string {
	if l.Template != "" {
		return l.Template
	}
	var b strings.Builder
	b.WriteString(log4j)
	if pod {
		b.WriteString(console)
	}
	root := "${env:ROOT_LOG_LEVEL:-INFO}"
	if level := l.Levels[""]; level != "" {
		root = oneLine(level)
	}
	fmt.Fprintf(&b, "rootLogger.level = %s\n", root)
	for i, name := range slices.Sorted(maps.Keys(l.Levels)) {
		if name != "" {
			fmt.Fprintf(&b, "logger.user%d.name = %s\nlogger.user%d.level = %s\n", i, oneLine(name), i, oneLine(l.Levels[name]))
		}
	}
	return b.String()
}

// oneLine keeps what somebody wrote from being more than a value.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
