import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.SimpleStringEncoder;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.file.sink.FileSink;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.filesystem.rollingpolicies.OnCheckpointRollingPolicy;
import org.apache.flink.util.Collector;

/** Counts the numbers below n in four keys: each hundredth count of a key is a line, the last one has the sum. */
public class Numbers {
  public static void main(String[] args) throws Exception {
    long n = Long.parseLong(args[0]);
    double perSecond = Double.parseDouble(args[1]);
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromSource(
            new DataGeneratorSource<>(i -> i, n, RateLimiterStrategy.perSecond(perSecond), Types.LONG),
            WatermarkStrategy.noWatermarks(), "numbers")
        .uid("numbers")
        .keyBy(i -> i % 4)
        .process(new Count(n / 4))
        .uid("count")
        .sinkTo(
            FileSink.forRowFormat(new Path(args[2]), new SimpleStringEncoder<String>())
                .withRollingPolicy(OnCheckpointRollingPolicy.build())
                .build())
        .uid("totals");
    env.execute();
  }

  static class Count extends KeyedProcessFunction<Long, Long, String> {
    private final long last;
    private transient ValueState<Long> count;
    private transient ValueState<Long> sum;

    Count(long last) {
      this.last = last;
    }

    @Override
    public void open(OpenContext context) {
      count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
      sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Types.LONG));
    }

    @Override
    public void processElement(Long i, Context context, Collector<String> out) throws Exception {
      long n = 1 + (count.value() == null ? 0 : count.value());
      long s = i + (sum.value() == null ? 0 : sum.value());
      count.update(n);
      sum.update(s);
      if (n == last) {
        out.collect(context.getCurrentKey() + "," + n + "," + s);
      } else if (n % 100 == 0) {
        out.collect(context.getCurrentKey() + "," + n);
      }
    }
  }
}
