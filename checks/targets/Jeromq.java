// JeroMQ as a target of enomem: reads calls from standard input, writes answers to standard output, one JSON object a
// line, as docs/target-protocol.md has it. Run: java -cp jeromq.jar Jeromq.java
//
// Up to 0.6 it tells nobody that a peer has shaken hands (the event for that is never sent), cannot drop the beginning of
// a message, and neither bounds nor refuses memory: none of that is declared.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.zeromq.ZMQ;
import org.zeromq.ZMQException;
import zmq.ZError;

@SuppressWarnings("deprecation") // Newer versions know types by an enumeration that older ones do not have.
public class Jeromq {
    static final String TYPES = "PAIR PUB SUB REQ REP DEALER ROUTER PULL PUSH XPUB XSUB";
    static final Pattern FIELD = Pattern.compile("\"(\\w+)\":(?:\"([^\"\\\\]*)\"|(-?\\d+|true|false))");
    static final String OK = "\"said\":\"ok\"", AGAIN = "\"said\":\"EAGAIN\"", INVALID = "\"said\":\"EINVAL\"";
    static final String[] ERRORS = {"EAGAIN", "EHOSTUNREACH", "EFSM", "ECONNRESET", "EINVAL", "ENOTSUP", "ETERM"};
    static final PrintStream OUT = System.out;
    static ZMQ.Context context = ZMQ.context(1);
    static List<ZMQ.Socket> sockets = new ArrayList<>();
    static Nudge nudge;

    public static void main(String[] arguments) throws Exception {
        System.setOut(System.err);
        OUT.println("{\"protocol\":1,\"target\":\"jeromq\",\"version\":\"" + version()
            + "\",\"cans\":[\"DISCONNECT\"],\"types\":[\"" + TYPES.replace(" ", "\",\"") + "\"]}");
        BufferedReader calls = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = calls.readLine(); line != null; line = calls.readLine()) {
            // All calls are flat but for "options", whose names are in capitals and so in nobody's way.
            Map<String, Object> call = new HashMap<>();
            for (Matcher found = FIELD.matcher(line); found.find();) {
                call.put(found.group(1), found.group(2) != null ? found.group(2) : number(found.group(3)));
            }
            OUT.println("{\"id\":" + call.get("id") + "," + answer(call) + "}");
        }
        Runtime.getRuntime().halt(0);
    }

    /** The version of the jar. What the library calls its version is that of the libzmq whose behaviour it follows. */
    static String version() throws IOException {
        try (InputStream told = ZMQ.class.getResourceAsStream("/META-INF/maven/org.zeromq/jeromq/pom.properties")) {
            Properties known = new Properties();
            if (told != null) {
                known.load(told);
            }
            return known.getProperty("version", "that follows libzmq " + ZMQ.getVersionString());
        }
    }

    static Object number(String text) {
        long found = text.equals("true") ? 1 : text.equals("false") ? 0 : Long.parseLong(text);
        // Only the value of an option is ever too large for an int, and some options want it so.
        return (int) found == found ? (Object) (int) found : (Object) found;
    }

    static String answer(Map<String, Object> call) {
        try {
            return carryOut(call);
        } catch (ZMQException error) {
            return said(error.getErrorCode());
        } catch (ZError.IOException | IllegalArgumentException | NoSuchFieldException error) {
            // The last of these: a type, or an option, that this version does not have.
            return INVALID;
        } catch (UnsupportedOperationException error) {
            return "\"said\":\"ENOTSUP\"";
        } catch (IllegalStateException error) {
            return "\"said\":\"EFSM\"";
        } catch (OutOfMemoryError error) {
            return "\"said\":\"ENOMEM\"";
        } catch (ReflectiveOperationException | InterruptedException | RuntimeException error) {
            return "\"fault\":\"" + error.toString().replaceAll("[\"\\\\\\p{Cntrl}]", "'") + "\"";
        }
    }

    static String said(int code) {
        for (String name : ERRORS) {
            try {
                if (ZError.class.getField(name).getInt(null) == code) {
                    return "\"said\":\"" + name + "\"";
                }
            } catch (ReflectiveOperationException error) {
                continue; // Older versions do not have all of them.
            }
        }
        return code == ZError.EADDRINUSE ? INVALID : "\"fault\":\"error " + code + "\"";
    }

    static String carryOut(Map<String, Object> call) throws ReflectiveOperationException, InterruptedException {
        int wait = (int) call.getOrDefault("wait", 0);
        String endpoint = (String) call.get("endpoint");
        ZMQ.Socket socket = call.containsKey("socket") ? sockets.get((int) call.get("socket")) : null;
        switch ((String) call.get("call")) {
            case "create":
                return create(call);
            case "option":
                set(socket, (String) call.get("name"), call.get("value"));
                return OK;
            case "bind":
                socket.bind(endpoint);
                return OK + ",\"endpoint\":\"" + lastEndpoint(socket) + "\"";
            case "connect":
                nudge = nudge == null ? new Nudge() : nudge;
                socket.connect(endpoint);
                return OK;
            case "unbind":
            case "disconnect":
                return zmq.ZMQ.disconnect(socket.base(), endpoint) ? OK : INVALID;
            case "send":
                socket.setSendTimeOut(wait);
                int more = (int) call.get("more") == 1 ? ZMQ.SNDMORE : 0;
                return socket.send(octets((String) call.get("part")), more) ? OK : AGAIN;
            case "receive":
                socket.setReceiveTimeOut(wait);
                byte[] part = socket.recv(0);
                return part == null ? AGAIN
                    : OK + ",\"part\":\"" + text(part) + "\",\"more\":" + socket.hasReceiveMore();
            case "close":
                socket.close();
                return OK;
            case "reset":
                nudge = nudge == null ? null : nudge.end();
                sockets.forEach(ZMQ.Socket::close);
                sockets.clear();
                context.term();
                context = ZMQ.context(1);
                return OK;
            default:
                return "\"fault\":\"there is no call " + call.get("call") + "\"";
        }
    }

    static String create(Map<String, Object> call) throws ReflectiveOperationException {
        ZMQ.Socket made = context.socket(ZMQ.class.getField((String) call.get("kind")).getInt(null));
        boolean whole = false;
        try {
            made.setLinger(0);
            for (Map.Entry<String, Object> field : call.entrySet()) {
                if (Character.isUpperCase(field.getKey().charAt(0))) {
                    set(made, field.getKey(), field.getValue());
                }
            }
            whole = sockets.add(made);
        } finally {
            if (!whole) {
                made.close();
            }
        }
        return OK + ",\"socket\":" + (sockets.size() - 1);
    }

    static void set(ZMQ.Socket socket, String name, Object value) throws ReflectiveOperationException {
        boolean wide = name.equals("MAXMSGSIZE") || name.equals("AFFINITY");
        Object given = value instanceof String ? octets((String) value) : wide ? ((Number) value).longValue() : value;
        // Whoever calls knows options by their names in pyzmq, where the identity has its newer one.
        String known = "ZMQ_" + (name.equals("ROUTING_ID") ? "IDENTITY" : name);
        zmq.ZMQ.setSocketOption(socket.base(), zmq.ZMQ.class.getField(known).getInt(null), given);
    }

    static String lastEndpoint(ZMQ.Socket socket) {
        return (String) zmq.ZMQ.getSocketOptionExt(socket.base(), zmq.ZMQ.ZMQ_LAST_ENDPOINT);
    }

    static byte[] octets(String text) {
        byte[] found = new byte[text.length() / 2];
        for (int place = 0; place < found.length; place++) {
            found[place] = (byte) Integer.parseInt(text.substring(2 * place, 2 * place + 2), 16);
        }
        return found;
    }

    static String text(byte[] octets) {
        StringBuilder found = new StringBuilder();
        for (byte octet : octets) {
            found.append(Character.forDigit(octet >> 4 & 15, 16)).append(Character.forDigit(octet & 15, 16));
        }
        return found.toString();
    }

    /**
     * Registers something with the I/O thread again and again: of the connections that 0.6.0 makes, one in about ten is
     * left out of its selector until the next registration, and silent until then (zeromq/jeromq pull request 1022).
     */
    static class Nudge extends Thread {
        final ZMQ.Socket own = context.socket(ZMQ.PULL);
        volatile boolean wanted = true;

        Nudge() {
            start();
        }

        Nudge end() throws InterruptedException {
            wanted = false;
            join();
            return null;
        }

        @Override
        public void run() {
            try {
                for (; wanted; Thread.sleep(10)) {
                    own.bind("tcp://127.0.0.1:*");
                    zmq.ZMQ.unbind(own.base(), lastEndpoint(own));
                }
            } catch (InterruptedException error) {
                throw new IllegalStateException(error);
            } finally {
                own.close();
            }
        }
    }
}
