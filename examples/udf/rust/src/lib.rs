//! A module of functions for SQL, written against the calling convention alone.
//!
//!     cargo build --release --target wasm32-unknown-unknown
//!
//! gives target/wasm32-unknown-unknown/release/functions.wasm.

const DESCRIPTION: &str = r#"{"abi": 1, "functions": [
    {"name": "vowels", "kind": "scalar", "args": ["STRING"], "result": "INT NOT NULL", "strict": true},
    {"name": "clamp", "kind": "scalar", "args": ["BIGINT", "BIGINT", "BIGINT"], "result": "BIGINT", "strict": false},
    {"name": "series", "kind": "table", "args": ["INT"], "result": "ROW<n BIGINT NOT NULL>", "strict": true},
    {"name": "total", "kind": "aggregate", "args": ["BIGINT"], "result": "BIGINT", "strict": true,
     "retract": true, "merge": true, "state": "sum and number, 8 bytes each"}
]}"#;

/// A column as it lies in memory: addresses of its parts, and its rows.
#[repr(C)]
#[derive(Clone, Copy)]
struct Column {
    values: u32,
    extra: u32,
    nulls: u32,
    rows: u32,
}

/// The head of a request: what is to be done, with how many rows and columns.
#[repr(C)]
struct Request {
    op: u32,
    rows: u32,
    columns: u32,
    states: u32,
    unused: [u32; 4],
}

/// The head of an answer, and the columns that our functions give, three at most.
#[repr(C)]
struct Answer {
    status: u32,
    rows: u32,
    columns: u32,
    ends: u32,
    message: u32,
    message_len: u32,
    row: i32,
    unused: u32,
    given: [Column; 3],
}

const NOTHING: Column = Column { values: 0, extra: 0, nulls: 0, rows: 0 };

/// What the host reads after a call: kept until the next one.
#[derive(Default)]
struct State {
    room: Vec<u64>,
    ints: Vec<i32>,
    longs: Vec<i64>,
    ends: Vec<u32>,
    nulls: Vec<u8>,
    after: Vec<i64>,
    after_nulls: Vec<u8>,
    bytes: Vec<u8>,
    message: String,
    answer: Option<Box<Answer>>,
}

static mut STATE: Option<State> = None;

#[allow(static_mut_refs)]
fn state() -> &'static mut State {
    // One call at a time: the host gives an instance to one task.
    unsafe { STATE.get_or_insert_with(State::default) }
}

#[no_mangle]
pub extern "C" fn weir_describe() -> u64 {
    (DESCRIPTION.as_ptr() as u64) << 32 | DESCRIPTION.len() as u64
}

#[no_mangle]
pub extern "C" fn weir_room(size: u32) -> u32 {
    let room = &mut state().room;
    room.resize(size as usize / 8 + 1, 0);
    room.as_ptr() as u32
}

#[no_mangle]
pub extern "C" fn weir_call(number: u32, request: u32) -> u32 {
    let head = unsafe { &*(request as *const Request) };
    let columns = unsafe {
        std::slice::from_raw_parts((request + 32) as *const Column, head.columns as usize)
    };
    let rows = head.rows as usize;
    let one = |done: Done| done.map(|(rows, column)| (rows, vec![column]));
    let done = match number {
        0 => one(vowels(columns, rows)),
        1 => one(clamp(columns, rows)),
        2 => one(series(columns, rows)),
        _ => Ok(total(head.op, columns, head.states as usize, rows)),
    };
    let s = state();
    let answer = match done {
        Ok((rows, given)) => Answer {
            status: 0,
            rows: rows as u32,
            columns: given.len() as u32,
            ends: s.ends.as_ptr() as u32,
            message: 0,
            message_len: 0,
            row: -1,
            unused: 0,
            given: std::array::from_fn(|k| given.get(k).copied().unwrap_or(NOTHING)),
        },
        Err((row, message)) => {
            s.message = message;
            Answer {
                status: 1,
                rows: 0,
                columns: 0,
                ends: 0,
                message: s.message.as_ptr() as u32,
                message_len: s.message.len() as u32,
                row: row as i32,
                unused: 0,
                given: [NOTHING; 3],
            }
        }
    };
    s.answer = Some(Box::new(answer));
    s.answer.as_deref().unwrap() as *const Answer as u32
}

type Done = Result<(usize, Column), (usize, String)>;

fn slice<T>(at: u32, n: usize) -> &'static [T] {
    if n == 0 {
        return &[];
    }
    unsafe { std::slice::from_raw_parts(at as *const T, n) }
}

fn is_null(c: &Column, i: usize) -> bool {
    c.nulls != 0 && slice::<u8>(c.nulls, i / 8 + 1)[i / 8] & (1 << (i % 8)) != 0
}

/// How many vowels a text has. It is strict: no argument is NULL.
fn vowels(columns: &[Column], rows: usize) -> Done {
    let ends = slice::<u32>(columns[0].values, rows + 1);
    let bytes = slice::<u8>(columns[0].extra, ends[rows] as usize);
    let out = &mut state().ints;
    out.clear();
    for i in 0..rows {
        let text = &bytes[ends[i] as usize..ends[i + 1] as usize];
        out.push(text.iter().filter(|b| b"aeiouAEIOU".contains(b)).count() as i32);
    }
    Ok((rows, Column { values: out.as_ptr() as u32, extra: 0, nulls: 0, rows: rows as u32 }))
}

/// A number between two others. It sees NULLs: a bound that is NULL is none.
fn clamp(columns: &[Column], rows: usize) -> Done {
    let s = state();
    let part = |k: usize| slice::<i64>(columns[k].values, rows);
    let (x, low, high) = (part(0), part(1), part(2));
    s.longs.clear();
    s.nulls.clear();
    s.nulls.resize(rows / 8 + 1, 0);
    for i in 0..rows {
        let mut v = x[i];
        if is_null(&columns[0], i) {
            s.nulls[i / 8] |= 1 << (i % 8);
        }
        let (low_null, high_null) = (is_null(&columns[1], i), is_null(&columns[2], i));
        if !low_null && !high_null && low[i] > high[i] {
            return Err((i, format!("the bounds {} and {} leave nothing", low[i], high[i])));
        }
        if !low_null {
            v = v.max(low[i]);
        }
        if !high_null {
            v = v.min(high[i]);
        }
        s.longs.push(v);
    }
    let column = Column {
        values: s.longs.as_ptr() as u32,
        extra: 0,
        nulls: s.nulls.as_ptr() as u32,
        rows: rows as u32,
    };
    Ok((rows, column))
}

/// The numbers from 1 to n, one a row.
fn series(columns: &[Column], rows: usize) -> Done {
    let n = slice::<i32>(columns[0].values, rows);
    let s = state();
    s.longs.clear();
    s.ends.clear();
    s.ends.push(0);
    for &last in n {
        for k in 1..=last.max(0) as i64 {
            s.longs.push(k);
        }
        s.ends.push(s.longs.len() as u32);
    }
    let given = s.longs.len();
    Ok((given, Column { values: s.longs.as_ptr() as u32, extra: 0, nulls: 0, rows: given as u32 }))
}

/// The sum of numbers, NULL if there are none: an aggregate function. What it
/// keeps of a group is its state, 16 bytes that come with each call.
fn total(op: u32, columns: &[Column], states: usize, rows: usize) -> (usize, Vec<Column>) {
    let s = state();
    let mut groups = read(&columns[0], states);
    let values = |groups: &[(i64, i64)], longs: &mut Vec<i64>, nulls: &mut Vec<u8>| {
        longs.clear();
        nulls.clear();
        nulls.resize(groups.len() / 8 + 1, 0);
        for (i, &(sum, n)) in groups.iter().enumerate() {
            longs.push(sum);
            if n == 0 {
                nulls[i / 8] |= 1 << (i % 8);
            }
        }
        Column { values: longs.as_ptr() as u32, extra: 0, nulls: nulls.as_ptr() as u32, rows: groups.len() as u32 }
    };
    let (accumulate, step, merge) = (1, 2, 3);
    match op {
        _ if op == accumulate || op == step => {
            let before = values(&groups, &mut s.longs, &mut s.nulls);
            let (of, back) = (slice::<u32>(columns[1].values, rows), slice::<u8>(columns[2].values, rows));
            let x = slice::<i64>(columns[3].values, rows);
            let mut stepped = Vec::new();
            for i in 0..rows {
                let sign = if back[i] != 0 { -1 } else { 1 };
                let g = &mut groups[of[i] as usize];
                *g = (g.0.wrapping_add(x[i].wrapping_mul(sign)), g.1 + sign);
                stepped.push(*g);
            }
            if op == accumulate {
                return (states, vec![write(&groups)]);
            }
            let after = values(&stepped, &mut s.after, &mut s.after_nulls);
            (states, vec![write(&groups), before, after])
        }
        _ if op == merge => {
            let of = slice::<u32>(columns[1].values, rows);
            for (i, other) in read(&columns[2], rows).into_iter().enumerate() {
                let g = &mut groups[of[i] as usize];
                *g = (g.0.wrapping_add(other.0), g.1 + other.1);
            }
            (states, vec![write(&groups)])
        }
        _ => (states, vec![values(&groups, &mut s.longs, &mut s.nulls)]),
    }
}

/// The states in a column; NULL is a group that has seen nothing.
fn read(c: &Column, n: usize) -> Vec<(i64, i64)> {
    let ends = slice::<u32>(c.values, n + 1);
    let bytes = slice::<u8>(c.extra, ends[n] as usize);
    let number = |at: usize| i64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    (0..n)
        .map(|i| if is_null(c, i) { (0, 0) } else { (number(ends[i] as usize), number(ends[i] as usize + 8)) })
        .collect()
}

/// A column of states.
fn write(groups: &[(i64, i64)]) -> Column {
    let s = state();
    s.bytes.clear();
    s.ends.clear();
    s.ends.push(0);
    for (sum, n) in groups {
        s.bytes.extend_from_slice(&sum.to_le_bytes());
        s.bytes.extend_from_slice(&n.to_le_bytes());
        s.ends.push(s.bytes.len() as u32);
    }
    Column { values: s.ends.as_ptr() as u32, extra: s.bytes.as_ptr() as u32, nulls: 0, rows: groups.len() as u32 }
}
