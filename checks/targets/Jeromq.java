// JeroMQ as a target of enomem: reads calls from standard input, writes answers to standard output, one JSON object a
// line, as docs/target-protocol.md has it. Run: java -cp jeromq.jar Jeromq.java
//
// JeroMQ up to 0.6 tells nobody that a peer has shaken hands (its event for that is never sent), it has no call that drops
// the beginning of a message, and it neither bounds nor refuses memory: none of that is declared.

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
        if (text.equals("true") || text.equals("false")) {
            return text.equals("true") ? 1 : 0;
        }
        long found = Long.parseLong(text);
        // Options want the one or the other, and nothing but an option is ever too large for an int.
        return (int) found == found ? (Object) (int) found : (Object) found;
    }

    static String answer(Map<String, Object> call) {
        try {
            return carryOut(call);
        } catch (ZMQException error) {
            return said(error.getErrorCode());
        } catch (ZError.IOException | IllegalArgumentException error) {
            return "\"said\":\"EINVAL\"";
        } catch (UnsupportedOperationException error) {
            return "\"said\":\"ENOTSUP\"";
        } catch (IllegalStateException error) {
            return "\"said\":\"EFSM\"";
        } catch (OutOfMemoryError error) {
            return "\"said\":\"ENOMEM\"";
        } catch (NoSuchFieldException error) {
            // A type, or an option, that this version does not have.
            return "\"said\":\"EINVAL\"";
        } catch (ReflectiveOperationException | InterruptedException | RuntimeException error) {
            return "\"fault\":\"" + error.toString().replaceAll("[\"\\\\\\p{Cntrl}]", "'") + "\"";
        }
    }

    static String carryOut(Map<String, Object> call) throws ReflectiveOperationException, InterruptedException {
        int wait = (int) call.getOrDefault("wait", 0);
        String endpoint = (String) call.get("endpoint");
        ZMQ.Socket socket = call.containsKey("socket") ? sockets.get((int) call.get("socket")) : null;
        switch ((String) call.get("call")) {
            case "create":
                return create(call);
            case "option":
                return set(socket, (String) call.get("name"), call.get("value"));
            case "bind":
                socket.bind(endpoint);
                return OK + ",\"endpoint\":\"" + lastEndpoint(socket) + "\"";
            case "connect":
                nudge = nudge == null ? new Nudge() : nudge;
                socket.connect(endpoint);
                return OK;
            case "unbind":
            case "disconnect":
                return zmq.ZMQ.disconnect(socket.base(), endpoint) ? OK : "\"said\":\"EINVAL\"";
            case "send":
                socket.setSendTimeOut(wait);
                return socket.send(octets((String) call.get("part")), (int) call.get("more") == 1 ? ZMQ.SNDMORE : 0)
                    ? OK : AGAIN;
            case "receive":
                socket.setReceiveTimeOut(wait);
                byte[] part = socket.recv(0);
                return part == null ? AGAIN
                    : OK + ",\"part\":\"" + text(part) + "\",\"more\":" + socket.hasReceiveMore();
            case "close":
                socket.close();
                return OK;
            case "reset":
                if (nudge != null) {
                    nudge.end();
                    nudge = null;
                }
                sockets.forEach(ZMQ.Socket::close);
                sockets.clear();
                context.term();
                context = ZMQ.context(1);
                return OK;
            default:
                return "\"fault\":\"there is no call " + call.get("call") + "\"";
        }
    }

    static final String OK = "\"said\":\"ok\"", AGAIN = "\"said\":\"EAGAIN\"";

    static String create(Map<String, Object> call) throws ReflectiveOperationException {
        ZMQ.Socket made = context.socket(ZMQ.class.getField((String) call.get("kind")).getInt(null));
        made.setLinger(0);
        sockets.add(made);
        for (Map.Entry<String, Object> field : call.entrySet()) {
            String how = Character.isUpperCase(field.getKey().charAt(0))
                ? set(made, field.getKey(), field.getValue()) : OK;
            if (!how.equals(OK)) {
                sockets.remove(made);
                made.close();
                return how;
            }
        }
        return OK + ",\"socket\":" + (sockets.size() - 1);
    }

    static String set(ZMQ.Socket socket, String name, Object value) throws ReflectiveOperationException {
        Object given = value instanceof String ? octets((String) value) : value;
        if (name.equals("MAXMSGSIZE") || name.equals("AFFINITY")) {
            given = ((Number) value).longValue();
        }
        try {
            // Whoever calls knows options by their names in pyzmq, where the identity has its newer one.
            String known = name.equals("ROUTING_ID") ? "IDENTITY" : name;
            int option = zmq.ZMQ.class.getField("ZMQ_" + known).getInt(null);
            zmq.ZMQ.setSocketOption(socket.base(), option, given);
        } catch (NoSuchFieldException error) {
            return "\"said\":\"EINVAL\"";
        }
        return OK;
    }

    static String said(int code) {
        String[] names = {"EAGAIN", "ENOMEM", "EHOSTUNREACH", "EFSM", "ECONNRESET", "EINVAL", "ENOTSUP", "ETERM"};
        for (String name : names) {
            try {
                if (ZError.class.getField(name).getInt(null) == code) {
                    return "\"said\":\"" + name + "\"";
                }
            } catch (ReflectiveOperationException error) {
                continue;
            }
        }
        return code == ZError.EADDRINUSE ? "\"said\":\"EINVAL\"" : "\"fault\":\"error " + code + "\"";
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

        void end() throws InterruptedException {
            wanted = false;
            join();
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
}
